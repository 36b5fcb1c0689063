// The page on which a reader lets this browser be told. Nothing is asked before a button is pressed.
"use strict";

const API = "/api/publish/v1/push/subscriptions";
const page = document.getElementById("dang-ky");
const boxes = () => [...page.querySelectorAll("input[name=topic]")];

function only(name) {
  for (const part of page.querySelectorAll("[data-khi]")) {
    part.hidden = !part.dataset.khi.split(" ").includes(name);
  }
}

function say(words) {
  document.getElementById("ket-qua").textContent = words;
}

function key() {
  const text = page.dataset.key.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(text + "=".repeat((4 - (text.length % 4)) % 4)), (letter) => letter.charCodeAt(0));
}

async function ask(path, body) {
  const answer = await fetch(API + path, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer.status === 204 ? {} : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || "Máy chủ của thành phố chưa trả lời được, xin thử lại sau.");
}

function own(subscription) {
  return { endpoint: subscription.endpoint, auth: subscription.toJSON().keys.auth };
}

async function worker() {
  return navigator.serviceWorker.register("/thong-bao/sw.js", { scope: "/thong-bao/", updateViaCache: "none" });
}

async function current() {
  const found = await navigator.serviceWorker.getRegistration("/thong-bao/");
  return found ? found.pushManager.getSubscription() : null;
}

async function active(registration) {
  const waiting = registration.installing || registration.waiting;
  if (!registration.active && waiting) {
    await new Promise((done) => waiting.addEventListener("statechange", () => waiting.state === "activated" && done()));
  }
  return registration;
}

async function subscribe() {
  const topics = boxes().filter((box) => box.checked).map((box) => box.value);
  if (!topics.length) return say("Xin chọn ít nhất một chủ đề.");
  // At once, while the press of the button still counts as the reader's own act.
  if ((await Notification.requestPermission()) !== "granted") return refresh();
  const registration = await active(await worker());
  const before = await registration.pushManager.getSubscription();
  let made = before;
  if (!before || !sameKey(before)) {
    if (before) await before.unsubscribe();
    made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key() });
  }
  await ask("", { subscription: made.toJSON(), topics });
  await refresh();
  say("Đã đăng ký. Bạn có thể đổi chủ đề hoặc thôi nhận bất cứ lúc nào tại trang này.");
}

function sameKey(subscription) {
  const kept = subscription.options && subscription.options.applicationServerKey;
  return !kept || new Uint8Array(kept).toString() === key().toString();
}

async function leave() {
  const found = await current();
  if (found) {
    await ask("/leave", own(found));
    await found.unsubscribe();
    const registration = await navigator.serviceWorker.getRegistration("/thong-bao/");
    for (const shown of await registration.getNotifications()) shown.close();
  }
  await refresh();
  say("Đã thôi nhận; đăng ký của trình duyệt này đã được xóa.");
}

async function refresh() {
  say("");
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    return only(navigator.standalone === false ? "iphone" : "khong-ho-tro");
  }
  if (Notification.permission === "denied") return only("bi-chan");
  const found = await current();
  if (!found) return only("chua");
  try {
    const { topics } = await ask("/show", own(found));
    for (const box of boxes()) box.checked = topics.includes(box.value);
    only("da");
  } catch {
    only("chua");
  }
}

function onPress(id, act) {
  const button = document.getElementById(id);
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      say(error.message || "Chưa làm được, xin thử lại.");
    } finally {
      button.disabled = false;
    }
  });
}

if (page) {
  onPress("nhan", subscribe);
  onPress("doi", subscribe);
  onPress("thoi", leave);
  refresh().catch((error) => say(error.message));
}
