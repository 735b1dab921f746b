// Forms marked data-send="METHOD /api/…" are sent as JSON, with the session's token. On success the
// page is loaded anew and says what was done (data-done, or the answer's `said`); with data-show the
// named part of the answer stands beside the form instead. On refusal every problem stands there
// with what would be right. data-sure asks first; data-once gives each press an id of its own, so
// that an answer that got lost can be asked for again without doing the thing twice.
"use strict";

const token = document.querySelector("meta[name=csrf]").content;

function value(field) {
  const kind = field.name.split(":")[1];
  if (field.type === "checkbox") return field.checked;
  const text = field.value.trim();
  if (kind === "bool") return text === "true";
  if (kind === "int") return text === "" ? null : Number(text);
  if (kind === "null") return text === "" ? null : text;
  if (kind === "list") return [text];
  return text;
}

function collect(scope) {
  const data = {};
  for (const field of scope.querySelectorAll("input, select, textarea")) {
    if (!field.name) continue;
    const [outer, inner] = field.name.split(":")[0].split(".");
    if (inner) data[outer] = { ...data[outer], [inner]: value(field) };
    else data[outer] = value(field);
  }
  return data;
}

function payload(form) {
  if (form.dataset.list) {
    return { [form.dataset.list]: [...form.querySelectorAll("[data-item]")].map(collect) };
  }
  const data = collect(form);
  if ("once" in form.dataset) data.request_id = form.dataset.request ||= crypto.randomUUID();
  return data;
}

function say(form, title, lines, bad) {
  let box = form.querySelector(".said");
  if (!box) {
    box = document.createElement("div");
    box.className = "said";
    box.setAttribute("role", bad ? "alert" : "status");
    form.append(box);
  }
  box.classList.toggle("bad", bad);
  box.textContent = title;
  const list = document.createElement("ul");
  for (const line of lines) {
    const item = document.createElement("li");
    item.textContent = line;
    list.append(item);
  }
  if (lines.length) box.append(list);
}

function lineOf(problem) {
  const place = problem.line ? `line ${problem.line}, column ${problem.column}: ` : "";
  const hint = problem.suggestion ? ` (${problem.suggestion})` : "";
  return `${place}${problem.field ? problem.field + ": " : ""}${problem.message}${hint}`;
}

// Frames of another origin may not open the browser's own question, so it is one of the page's.
const dialog = document.getElementById("sure");

function sure(question) {
  return new Promise((resolve) => {
    dialog.querySelector("p").textContent = question;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
    dialog.querySelector("button[value=no]").focus();
  });
}

dialog.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) dialog.close(button.value);
  else if (event.target === dialog) dialog.close("no");
});

// What was done is told on the page that comes after, and the focus goes back to where it was.
const toast = document.querySelector(".toast");

function remember(form, said) {
  try {
    sessionStorage.setItem("said", said || "");
    sessionStorage.setItem("from", form.dataset.send);
  } catch {
    // Frames without storage only miss the sentence.
  }
}

function recall() {
  let said = "", from = "";
  try {
    said = sessionStorage.getItem("said") || "";
    from = sessionStorage.getItem("from") || "";
    sessionStorage.removeItem("said");
    sessionStorage.removeItem("from");
  } catch {
    return;
  }
  if (from) {
    const form = document.querySelector(`form[data-send="${CSS.escape(from)}"]`);
    const button = form && form.querySelector("button");
    if (button) button.focus({ preventScroll: true });
  }
  if (said) show(said);
}

function show(said) {
  toast.hidden = false;
  toast.textContent = said;
  setTimeout(() => (toast.hidden = true), 8000);
}

async function send(form) {
  const [method, address] = form.dataset.send.split(" ");
  const answer = await fetch(address, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(payload(form)),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    delete form.dataset.request;
    const lines = (data.problems || []).map(lineOf);
    say(form, `${data.message || "It failed."} ${data.next || ""}`, lines, true);
  } else if (form.dataset.show) {
    say(form, data[form.dataset.show], [], false);
  } else {
    remember(form, data.said || form.dataset.done);
    if (form.dataset.then) location.assign(form.dataset.then);
    else location.reload();
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  if (form.dataset.sure && !(await sure(form.dataset.sure))) return;
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  form.setAttribute("aria-busy", "true");
  try {
    await send(form);
  } catch {
    say(form, "The server did not answer. Nothing is known to have changed; try again.", [], true);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
    form.removeAttribute("aria-busy");
  }
});

// One key for one button: data-key="d". Not while somebody writes, and not with Ctrl, Alt or Meta.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, select, textarea")) target.focus();
  else target.click();
});

// data-choices="id": what many fields offer stands once, in the template with this id; data-but: all
// of it but this. One option beside "none" may stand there already, as it is chosen.
for (const field of document.querySelectorAll("select[data-choices]")) {
  const chosen = field.value;
  const choices = document.getElementById(field.dataset.choices).content.cloneNode(true);
  for (const one of [...choices.children]) if (one.value === field.dataset.but) one.remove();
  field.replaceChildren(field.options[0], choices);
  field.value = chosen;
}

// A table that is wider than its box can be scrolled with the keyboard.
for (const box of document.querySelectorAll(".scroll")) {
  if (box.scrollWidth <= box.clientWidth) continue;
  const caption = box.querySelector("caption");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", caption ? caption.textContent : "Table, wider than the page");
}

recall();
const refreshing = document.querySelector("[data-refresh]");
if (refreshing) setTimeout(() => location.reload(), Number(refreshing.dataset.refresh) * 1000);

// data-copy: the text field of the same form goes to the clipboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.closest("form").querySelector(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    show("Copied.");
  } catch {
    show("Select and copy it with the keyboard: this frame may not use the clipboard.");
  }
});
