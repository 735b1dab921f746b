// Forms marked data-send="METHOD /api/…" are sent as JSON, with the session's token. What the
// server answers is shown beside the form: on success the page is loaded anew, on refusal every
// problem stands there with what would be right.
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
  if (!form.dataset.list) return collect(form);
  return { [form.dataset.list]: [...form.querySelectorAll("[data-item]")].map(collect) };
}

function say(form, title, lines, bad) {
  let box = form.querySelector(".said");
  if (!box) {
    box = document.createElement("div");
    box.className = "said";
    box.setAttribute("role", "status");
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

async function send(form) {
  const [method, address] = form.dataset.send.split(" ");
  const answer = await fetch(address, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(payload(form)),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const lines = (data.problems || []).map(lineOf);
    say(form, `${data.message || "It failed."} ${data.next || ""}`, lines, true);
  } else if (form.dataset.show) {
    say(form, data[form.dataset.show], [], false);
  } else {
    location.reload();
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  if (form.dataset.sure && !confirm(form.dataset.sure)) return;
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  try {
    await send(form);
  } catch {
    say(form, "The server did not answer. Nothing is known to have changed; try again.", [], true);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
});

const refreshing = document.querySelector("[data-refresh]");
if (refreshing) setTimeout(() => location.reload(), Number(refreshing.dataset.refresh) * 1000);
