"""The report: one self-contained page for looking at a run, its policies and their price, or at a study.

packing.py   columns of integers as short text
arms.py      which days are played side by side
story.py     events, windows and causes in sentences, each with the lane on which it happened
data.py      all of it as one compact document
assembling.py   document, style and script as one file that asks no network for anything
page/        what the browser runs; no library, no build step
"""
