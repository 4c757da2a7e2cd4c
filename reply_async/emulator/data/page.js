// Fetches this page every second and changes what differs, so that scroll position,
// focus and selection stay. Rests while nobody looks.
"use strict";

const state = document.getElementById("connection");
let timer = 0;

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) { old.data = fresh.data; return; }
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, [...fresh.childNodes]);
}

function morphChildren(old, fresh) {
  const wanted = new Set(fresh.map((node) => node.id).filter(Boolean));
  for (const node of [...old.childNodes])
    if (node.id && !wanted.has(node.id)) node.remove();
  fresh.forEach((node, index) => {
    const there = old.childNodes[index];
    if (!there) old.append(node);
    else if (node.id && there.id !== node.id) old.insertBefore(node, there);
    else morph(there, node);
  });
  while (old.childNodes.length > fresh.length) old.lastChild.remove();
}

async function refresh() {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    morph(document.querySelector("main"), page.querySelector("main"));
    tell("live");
  } catch {
    tell("no answer");
  }
  schedule();
}

function tell(text) {
  if (state.textContent !== text) state.textContent = text;
  state.className = text === "live" ? "live" : "lost";
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden) tell("paused");
  else timer = setTimeout(refresh, 1000);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) tell("paused");
  else refresh();
});
tell("live");
schedule();
