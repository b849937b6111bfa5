"""The page of a run in a real browser: it opens from disk, shows what the run was, and can be used without a mouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import AXE, CHROMIUM, FLAGS, HOSTILE
from tests.commands import SMALL

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if not CHROMIUM.exists():
    pytest.skip(f"there is no {CHROMIUM}: apt-get install -y chromium", allow_module_level=True)


STUDY = """
scenario = {hostile}
replications = 6
vary."vpn.protocol" = ["wireguard", "openvpn"]
vary."vpn.include_all_networks" = [false, true]
[factors]
levels = 2
[factors.over]
"vpn.client.prepare" = "cited"
"""
"""Four arms of the scenario with the hostile name, and a parameter that decides how long its gap is."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of a day, of an hour, and of a scenario whose app has a hostile name."""
    from sim.faces.cli import main

    folder = tmp_path_factory.mktemp("pages")
    hostile = folder / "hostile.toml"
    hostile.write_text(
        SMALL.replace('"mail"', repr(HOSTILE))
        .replace('"small"', repr(HOSTILE))
        .replace('"1 h"', '"1 s"')
        .replace('"10 s"', '"1 s"')
    )
    study = folder / "study.toml"
    study.write_text(STUDY.format(hostile=json.dumps(str(hostile))))
    targets = {"day": "commute", "hour": "legacy-apps-first", "hostile": str(hostile), "study": str(folder / "study")}
    commands = [["sweep", str(study), "--out", targets["study"], "--workers", "1"]]
    commands += [["report", target, "-o", str(folder / f"{name}.html")] for name, target in targets.items()]
    for words in commands:
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert not ended.value.code
    return {name: folder / f"{name}.html" for name in targets}


class Opened:
    """A page that was opened, with everything that it said and asked for."""

    def __init__(self, browser: Any, path: Path, more: str = "", width: int = 1280, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url + more)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.said == []
            assert [url.split("#")[0] for url in self.asked] == [self.url]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_study_shows_days_differences_front_and_what_matters(
    browser: Any, pages: dict[str, Path], width: int
) -> None:
    with Opened(browser, pages["study"], width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("page.arms.length") == 4
        for picture in ("days", "differences", "front", "factors"):
            assert page.locator(f"#{picture} text").count() >= 4, picture
        assert (page.locator("#factors text").first.text_content() or "").startswith("vpn.client.prepare")
        assert page.locator("#numbers tbody tr").count() == 4
        names = page.eval_on_selector_all(
            "#front text",
            "all => all.filter(t => /%$/.test(t.textContent)).map(t => t.getBBox()).map(b => [b.x, b.y, b.width])",
        )
        assert len(names) == 4
        for i, (x, y, wide) in enumerate(names):
            others = names[:i]
            assert not any(abs(y - v) < 10 and x < u + w and u < x + wide for u, v, w in others), "names overlap"


@pytest.mark.parametrize("name", ["day", "hour", "hostile"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_disk_and_asks_for_nothing(browser: Any, pages: dict[str, Path], name: str, width: int) -> None:
    with Opened(browser, pages[name], width=width) as page:
        assert page.locator("h1").inner_text().startswith("The phone said")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_day_renders_in_under_two_seconds_of_the_browser_and_redraws_at_once(
    browser: Any, pages: dict[str, Path]
) -> None:
    """Time is that of the script alone, and the best of several: a page that is ten times too slow is found."""
    with Opened(browser, pages["day"]) as page:
        best = min(
            page.evaluate("(() => { const t = performance.now(); refresh(); return performance.now() - t })()")
            for _ in range(5)
        )
        assert best < 2000
        assert pages["day"].stat().st_size < 3_000_000


def test_a_window_is_clicked_and_its_causes_light_up_across_the_lanes(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["hour"]) as page:
        page.locator(".head[data-window='1']").click()
        assert page.locator("#chain h3").first.inner_text() == "A gap in the tunnel"
        steps = page.locator("#chain .steps li").count()
        assert page.locator("#over .mark").count() == steps >= 3
        heights = page.eval_on_selector_all("#over .mark circle", "all => all.map(c => c.getAttribute('cy'))")
        assert len(set(heights)) >= 2
        assert page.locator("#chain .closes li").count() >= 1
        assert page.locator("#windows tr.chosen").count() == 1


def test_a_click_on_a_red_lane_chooses_its_window(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["hour"], "#window=0") as page:
        assert page.locator("#over .mark").count() == 0
        place = page.evaluate(
            "() => { const row = timeline.rows.find(r => r.name === 'push'), box = byId('plot').getBoundingClientRect();"
            "return [box.left + timeline.x(30 * MINUTE), box.top + row.y + row.height / 2 + scrollY] }"
        )
        page.evaluate("y => scrollTo(0, y - 400)", place[1])
        page.mouse.click(place[0], place[1] - page.evaluate("scrollY"))
        assert page.locator("#chain .pin").first.inner_text() == "2"


def test_it_plays_with_a_caption_for_each_event(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["hour"]) as page:
        page.get_by_role("radio", name="3×").click()
        page.locator("#play").click()
        first = page.locator("#caption").inner_text()
        page.wait_for_function("first => byId('caption').textContent !== first", arg=first)
        assert page.locator("#count").inner_text().split()[0] >= "2"
        page.locator("#play").click()
        said = {first}
        for _ in range(page.evaluate("page.arms[0].events.length")):
            page.keyboard.press(".")
            said.add(page.locator("#caption").inner_text())
        assert "You turn the VPN on: from here on everything should be inside." in said
        assert any("It says “all fine”; in truth, 7 outside" in words for words in said)


def test_the_policy_is_switched_and_windows_vanish(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["day"]) as page:
        before = page.evaluate("armOf(state.arm).windows.length")
        page.locator("#cards .card", has_text="sealed").first.click()
        assert page.evaluate("armOf(state.arm).windows.length") < before
        strip = dict(
            zip(
                page.locator("#strip dt").all_inner_texts(),
                page.locator("#strip .value").all_inner_texts(),
                strict=True,
            )
        )
        assert strip["Blocked"] != "0 s"
        assert page.locator("#eyebrow").inner_text().endswith("sealed")


def test_all_of_it_works_without_a_mouse(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["hour"]) as page:
        page.keyboard.press("Escape")
        page.keyboard.press("]")
        assert page.evaluate("state.window") == 1
        page.keyboard.press("z")
        seen = page.evaluate("timeline.view[1] - timeline.view[0]")
        assert seen < page.evaluate("page.duration") / 5
        page.keyboard.press("0")
        page.keyboard.press("2")
        assert page.evaluate("state.arm") == 1
        page.keyboard.press("Space")
        assert page.evaluate("state.timer !== null")
        page.keyboard.press("Space")
        page.keyboard.press("1")
        page.locator("#plot").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        assert page.locator("#spoken").inner_text()
        reached = set()
        page.locator("#theme").focus()
        for _ in range(40):
            reached |= set(
                page.evaluate(
                    "(e => { const all = []; for (; e; e = e.parentElement) all.push(e.id); return all })(document.activeElement)"
                )
            )
            page.keyboard.press("Tab")
        assert {"policies", "speeds", "play", "plot", "over", "tabs", "cards", "components", "windows"} <= reached


def test_a_hostile_name_runs_no_script(browser: Any, pages: dict[str, Path]) -> None:
    with Opened(browser, pages["hostile"]) as page:
        assert page.evaluate("window.owned === undefined")
        assert page.locator("img").count() == 0
        assert page.evaluate("page.lanes.some(lane => lane[0].includes('onerror'))")
        page.locator("#windows tbody tr").first.click()
        assert page.evaluate("window.owned === undefined")


def test_the_policy_of_the_page_forbids_scripts_and_connections(browser: Any, pages: dict[str, Path]) -> None:
    opened = Opened(browser, pages["hour"])
    page = opened.page
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s) }"
    )
    assert page.evaluate("window.owned === undefined")
    assert not page.evaluate("fetch('http://127.0.0.1:9/').then(() => true, () => false)")
    assert any("Content Security Policy" in words for words in opened.said)
    opened.context.close()


@pytest.mark.skipif(not AXE.exists(), reason=f"there is no axe-core at {AXE}; .ci/run fetches it")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("name", "width"), [("day", 1280), ("hour", 390), ("study", 1280), ("study", 390)])
def test_it_is_accessible(browser: Any, pages: dict[str, Path], theme: str, name: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.goto(pages[name].as_uri())
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found] == []
    context.close()
