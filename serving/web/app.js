// The chat page. All text from outside goes through textContent: nothing anybody writes becomes markup.
import { ChatSocket } from "/web/socket.js";
import { WORDS } from "/web/words.js";

const $ = (id) => document.getElementById(id);
const state = { lang: localStorage.getItem("kefu.lang") || (navigator.language.startsWith("zh") ? "zh" : "en"), connection: "connecting" };
let shop, socket, pending;

const words = () => WORDS[state.lang];
const element = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

async function call(path, { token, body } = {}) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

function show(who, text = "") {
  const message = element("div", `message ${who}`);
  const bubble = element("div", "bubble", text);
  message.append(bubble);
  $("messages").append(message);
  down();
  return { message, bubble };
}

const down = () => $("messages").scrollTo({ top: $("messages").scrollHeight });
const note = (text) => { $("messages").append(element("p", "note", text)); down(); };

function typing() {
  pending = show("bot");
  const dots = element("span", "dots");
  dots.append(element("i"), element("i"), element("i"));
  pending.bubble.append(dots);
  pending.started = false;
  $("messages").setAttribute("aria-busy", "true");
  refresh();
}

function badges(reply) {
  const row = element("div", "badges");
  row.append(element("span", "badge route", words().routes[reply.route]));
  const facts = [`${reply.intent} ${Math.round(reply.confidence * 100)}%`, reply.flow, reply.engine,
    reply.asks && `${words().asks} ${reply.asks}`, `${Math.round(reply.latency_ms)} ms`];
  row.append(...facts.filter(Boolean).map((fact) => element("span", "badge", fact)));
  return row;
}

function finish() {
  pending = undefined;
  $("messages").setAttribute("aria-busy", "false");
  refresh();
  down();
}

const handlers = {
  meta() {},
  delta({ text }) {
    if (!pending.started) pending.bubble.textContent = "";
    pending.started = true;
    pending.bubble.append(text);
    down();
  },
  done(reply) {
    pending.bubble.textContent = reply.text;
    pending.message.append(badges(reply));
    pending.message.dataset.route = reply.route;
    finish();
  },
  error({ message }) {
    pending ??= show("bot");
    pending.message.classList.add("error");
    pending.bubble.textContent = message;
    finish();
  },
};

function onState(name) {
  state.connection = name;
  if (name === "offline" && pending) handlers.error({ message: words().broken });
  refresh();
}

/** Opens a new session: of a sample customer, or of a guest. */
async function begin(customer) {
  socket?.close();
  pending = undefined;
  const login = customer && (await call("/demo/login", { body: { customer_id: customer } }));
  const session = await call("/v1/session", { token: login?.customer_token, body: {} });
  $("messages").replaceChildren();
  note(customer ? words().signedIn(customer) : words().guestNow);
  show("bot", shop.greeting[state.lang]);
  socket = new ChatSocket(session.token, { state: onState, event: (event) => handlers[event.type](event) });
}

function send(text) {
  const message = text.trim();
  if (!message || pending || !socket?.send(message)) return;
  show("customer", message);
  typing();
  $("text").value = "";
  grow();
}

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
  refresh();
}

function refresh() {
  $("send").disabled = state.connection !== "online" || Boolean(pending) || !$("text").value.trim();
  $("status").dataset.state = state.connection;
  $("status").textContent = pending ? words().answering : words()[state.connection];
}

function translate() {
  document.documentElement.lang = state.lang;
  document.title = shop.name[state.lang];
  $("name").textContent = shop.name[state.lang];
  $("sample").textContent = words().sample;
  $("lang").textContent = words().label;
  $("text").placeholder = $("text-label").textContent = words().placeholder;
  $("send-label").textContent = words().send;
  $("picker-label").textContent = words().customer;
  const release = `${shop.release.version} · ${shop.release.content_hash.slice(0, 8)}`;
  $("fine").textContent = shop.sample ? words().fine(release) : words().plain(release);
  const chosen = $("customer").value;
  const options = [["", words().guest], ...shop.demo_customers.map((id) => [id, `${id} · ${words().customer}`])];
  $("customer").replaceChildren(...options.map(([id, text]) => new Option(text, id, false, id === chosen)));
  $("questions").replaceChildren(...shop.questions.map((question) => {
    const button = Object.assign(element("button", "", question[state.lang]), { type: "button" });
    button.onclick = () => send(question[state.lang]);
    return button;
  }));
  refresh();
}

async function main() {
  shop = await call("/v1/shop");
  $("sample").hidden = !shop.sample;
  $("picker").hidden = !shop.demo_customers.length;
  $("text").maxLength = shop.max_message_chars;
  translate();
  $("customer").onchange = (event) => begin(event.target.value || null).catch(fail);
  $("lang").onclick = () => {
    state.lang = state.lang === "zh" ? "en" : "zh";
    localStorage.setItem("kefu.lang", state.lang);
    translate();
  };
  $("text").oninput = grow;
  $("text").onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send($("text").value); }
  };
  $("form").onsubmit = (event) => { event.preventDefault(); send($("text").value); };
  await begin(null);
}

const fail = (error) => show("bot error", error.message);
main().catch(fail);
