(() => {
  const tools = document.querySelector(".tools");
  const cases = [...document.querySelectorAll(".case")];
  const chosen = new Set();
  const search = tools.querySelector("input");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of cases) {
      const named = words.every((word) => one.dataset.words.includes(word));
      let shown = 0;
      for (const result of one.querySelectorAll("details.res")) {
        const fits = named && (!chosen.size || chosen.has(result.dataset.v));
        result.hidden = !fits;
        shown += fits;
      }
      one.hidden = !shown;
    }
    for (const area of document.querySelectorAll(".area")) {
      area.hidden = ![...area.querySelectorAll(".case")].some((one) => !one.hidden);
    }
  };
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.v) {
      const on = !chosen.delete(button.dataset.v) && chosen.add(button.dataset.v);
      button.setAttribute("aria-pressed", on ? "true" : "false");
      apply();
    } else {
      for (const result of document.querySelectorAll("details.res:not([hidden])")) result.open = button.dataset.fold === "open";
    }
  });
  search.addEventListener("input", apply);
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) { target.hidden = target.closest(".case").hidden = false; target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
