// The page of an evaluation: sorts tables by their columns, and filters the mistakes. All else works without it.
const mistakes = [...document.querySelectorAll(".mistake")];
const filterForm = document.getElementById("filter");

function value(row, column) {
  const text = (row.cells[column].firstChild?.textContent ?? "").trim();
  const read = Number(text.replaceAll(",", ""));
  return text !== "" && Number.isFinite(read) ? read : text;
}

function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === typeof b) return a.localeCompare(b);
  return typeof a === "number" ? 1 : -1; // what has no figure is least
}

function sortBy(head) {
  const body = head.closest("table").tBodies[0];
  const down = head.getAttribute("aria-sort") !== "descending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
  rows.sort(([a], [b]) => (down ? compared(b, a) : compared(a, b)));
  body.append(...rows.map(([, row]) => row));
}

for (const button of document.querySelectorAll(".sort")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

function filter() {
  const type = document.getElementById("type").value;
  const wanted = document.getElementById("search").value.trim().toLowerCase();
  let shown = 0;
  for (const each of mistakes) {
    const fits = (!type || each.dataset.type === type) && each.textContent.toLowerCase().includes(wanted);
    each.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = `${shown} of ${mistakes.length} mistakes`;
}

if (filterForm) {
  filterForm.addEventListener("submit", (event) => event.preventDefault());
  filterForm.addEventListener("input", filter);
  filter();
}
