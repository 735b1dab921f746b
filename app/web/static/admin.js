// Parts of a page that take a while are asked for when it stands: data-load="/address". A choice
// with data-redraw sends its form at once, so that the fields that belong to it appear. A list with
// data-from is filled with what is found for the words in its field. A form with data-draft asks
// before its unsaved text is left.
"use strict";

async function load(box) {
  try {
    const answer = await fetch(box.dataset.load, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(String(answer.status));
    box.innerHTML = text;
  } catch {
    box.textContent = "This could not be worked out just now. Load the page again to try once more.";
    box.classList.add("bad");
  }
}

document.querySelectorAll("[data-load]").forEach(load);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-redraw]")) event.target.form.requestSubmit();
});

const PAUSE = 150; // ms without a key before it is looked for
let asked;

async function fill(list, words) {
  try {
    const answer = await fetch(`${list.dataset.from}?q=${encodeURIComponent(words)}`);
    const { people } = await answer.json();
    const options = people.map((one) => {
      const told = one.team ? `${one.label}, ${one.team}` : one.label;
      return Object.assign(document.createElement("option"), { value: one.value, label: told });
    });
    list.replaceChildren(...options);
  } catch {
    // Without the list the address is written out.
  }
}

document.addEventListener("input", (event) => {
  const list = event.target.list;
  const words = event.target.value.trim();
  if (!list || !list.dataset.from || !words) return;
  clearTimeout(asked);
  asked = setTimeout(() => fill(list, words), PAUSE);
});

const draft = document.querySelector("form[data-draft]");
if (draft) {
  let touched = draft.dataset.draft === "changed";
  let sending = false;
  draft.addEventListener("input", () => (touched = true));
  draft.addEventListener("submit", () => (sending = true));
  window.addEventListener("beforeunload", (event) => {
    if (touched && !sending) event.preventDefault();
  });
}

// What stood open and where one was reading is the same after the page has come back.
const PLACE = "place";
if (draft) {
  draft.addEventListener("submit", () => {
    const open = [...draft.querySelectorAll("details[open][id]")].map((box) => box.id);
    try {
      sessionStorage.setItem(PLACE, JSON.stringify({ open, top: window.scrollY }));
    } catch {
      // Without storage the page begins at its top.
    }
  });
  try {
    const { open, top } = JSON.parse(sessionStorage.getItem(PLACE) || '{"open": [], "top": 0}');
    sessionStorage.removeItem(PLACE);
    for (const id of open) {
      const box = document.getElementById(id);
      if (box) box.open = true;
    }
    if (top) window.scrollTo(0, top);
  } catch {
    // As above.
  }
}

const wrong = document.querySelector("[aria-invalid=true]");
if (wrong) wrong.focus({ preventScroll: Boolean(draft) });
