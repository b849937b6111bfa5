// The page of a study: many days, several arms.

function buildStudy() {}
