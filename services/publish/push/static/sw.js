// Shows what the city tells this browser. A notice has no id on the screen, only a place (its tag): what comes later for
// the same place replaces what stands there, and the same notice come twice makes no second sound.
"use strict";

const API = "/api/publish/v1/push/subscriptions";
const FALLBACK = {
  title: "Thông báo của thành phố",
  body: "Bấm để xem bản tin.",
  navigate: "/",
  lang: "vi",
  tag: "ban-tin",
  data: {},
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function show(data) {
  const told = read(data);
  const standing = await self.registration.getNotifications({ tag: told.tag });
  const again = standing.some((one) => one.data && one.data.notice && one.data.notice === told.data.notice);
  await self.registration.showNotification(told.title, {
    body: told.body,
    lang: told.lang,
    dir: "ltr",
    tag: told.tag,
    ...(told.image ? { image: told.image } : {}),
    icon: "/thong-bao/bieu-tuong.png",
    silent: told.silent === true || again,
    renotify: !again && told.silent !== true,
    data: { ...told.data, navigate: told.navigate },
  });
}

// Something has to be shown for every push, whatever came.
function read(data) {
  try {
    const told = data.json().notification;
    if (typeof told.title === "string" && typeof told.tag === "string") {
      return { ...FALLBACK, ...told, data: told.data || {} };
    }
  } catch {
    // below
  }
  return FALLBACK;
}

async function open(event) {
  event.notification.close();
  const told = (event.notification.data || {}).navigate || "/";
  const address = new URL(told, self.location.origin);
  if (address.protocol !== "https:" && address.origin !== self.location.origin) return;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((one) => one.url === address.href);
  await (there ? there.focus() : self.clients.openWindow(address.href));
}

// The push service gave this browser another address: the city is told, and forgets the one before.
async function renew(event) {
  const before = event.oldSubscription;
  if (!before) return;
  const after = event.newSubscription || (await self.registration.pushManager.subscribe(before.options));
  const replaces = { endpoint: before.endpoint, auth: before.toJSON().keys.auth };
  await fetch(API, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ subscription: after.toJSON(), replaces }),
  });
}
