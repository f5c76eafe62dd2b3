// The chat page. All text from outside goes through textContent: nothing anybody writes becomes markup.
import { keepConversation, loadConversation } from "/web/conversation.js";
import { ChatSocket } from "/web/socket.js";
import { WORDS } from "/web/words.js";

const $ = (id) => document.getElementById(id);
const state = { lang: localStorage.getItem("kefu.lang") || (navigator.language.startsWith("zh") ? "zh" : "en"), connection: "connecting" };
const DEBUG = new URLSearchParams(location.search).has("debug"); // how each answer came about
const NOTHING = "0-0"; // before the first turn
let shop, socket, pending, conversation, chosenLang;

const words = () => WORDS[state.lang];
const element = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

async function call(path, { token, body, method = body === undefined ? "GET" : "POST" } = {}) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (response.status === 204) return undefined;
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

function show(who, text = "", agent) {
  const message = element("div", `message ${who}`);
  if (agent) message.append(element("span", "name", words().agent(agent)));
  const bubble = element("div", "bubble", text);
  message.append(bubble);
  $("messages").append(message);
  down();
  return { message, bubble };
}

const down = () => $("messages").scrollTo({ top: $("messages").scrollHeight });
const note = (text) => { $("messages").append(element("p", "note", text)); down(); };

function typing() {
  dropOptions();
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

/** Quick replies: buttons that send the number of a numbered list, else their own text. */
function options(reply) {
  const numbered = reply.options.every((_, n) => reply.text.includes(`${n + 1}. `));
  const row = element("div", "options");
  row.append(...reply.options.map((option, n) => sender(option, numbered ? String(n + 1) : option)));
  return row;
}

function sender(label, text) {
  const button = Object.assign(element("button", "", label), { type: "button" });
  button.onclick = () => send(text);
  return button;
}

const dropOptions = () => document.querySelectorAll(".options").forEach((row) => row.remove());

/** Shows a message and remembers it. */
function say(who, text, more = {}) {
  conversation.messages.push({ who, text, ...more });
  keepConversation(conversation);
  return show(who, text, more.agent);
}

/** The server has told all turns up to this one that nobody asked for. */
function came(id) {
  conversation.after = id;
  keepConversation(conversation);
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
  /** A person's words. An answer on its way stays below them. */
  agent({ id, text, agent }) {
    came(id);
    const shown = say("agent", text, { agent });
    if (pending) shown.message.after(pending.message);
    down();
  },
  /** What the bot says unasked, or said while this page was away; an answer that is awaited comes with done. */
  bot({ id, text }) {
    came(id);
    if (!pending && !conversation.answers.includes(id)) say("bot", text);
  },
  customer({ id }) {
    came(id); // shown when it was sent
  },
  done(reply) {
    conversation.answers.push(reply.turn);
    if (!chosenLang && reply.lang !== state.lang) speak(reply.lang); // the page speaks as the conversation does
    if (!reply.text) { // a person has the conversation, and answers later; or nothing was said before a stop
      pending.message.remove();
      if (reply.stopped) note(words().stopped);
      return finish();
    }
    pending.bubble.textContent = reply.text;
    if (reply.stopped) pending.message.append(element("span", "name", words().stopped));
    if (DEBUG) pending.message.append(badges(reply));
    if (reply.options.length) pending.message.append(options(reply));
    pending.message.dataset.route = reply.route;
    conversation.messages.push({ who: "bot", text: reply.text });
    conversation.script = reply.script;
    keepConversation(conversation);
    finish();
  },
  error({ message, code }) {
    if (code === "bad_token" && !pending) return void begin(null).catch(fail); // a kept conversation that is too old
    pending ??= show("bot");
    pending.message.classList.add("error");
    pending.bubble.textContent = message;
    finish();
  },
};

function onState(name) {
  state.connection = name;
  if (name === "offline" && pending) {
    if (socket.expired) handlers.error({ message: words().broken });
    else pending.started = false; // the socket sends the message again: its answer begins anew
  }
  refresh();
}

/** Opens a session: of a sample customer, or of a guest. A guest who has spoken and signs in keeps the conversation. */
async function begin(customer) {
  const goesOn = customer && conversation?.customer === null && conversation.messages.some(({ who }) => who === "customer");
  const login = customer && (await call("/demo/login", { body: { customer_id: customer } }));
  const body = goesOn ? { continue: conversation.token } : {};
  const session = await call("/v1/session", { token: login?.customer_token, body });
  socket?.close();
  if (pending) handlers.error({ message: words().broken });
  dropOptions();
  const { messages, script, after, answers } = goesOn ? conversation : { messages: [], after: NOTHING, answers: [] };
  conversation = { token: session.token, customer, expires: Date.now() + session.expires_in * 1000, messages, script, after, answers };
  if (goesOn) {
    note(words().goesOn(customer));
    const row = element("div", "options");
    const goOn = words().goOn[conversation.script ?? "simplified"]; // the customer says it, so in his script
    row.append(sender(goOn, goOn));
    $("messages").append(row);
    down();
  } else {
    $("messages").replaceChildren();
    note(customer ? words().signedIn(customer) : words().guestNow);
    greet(session.greeting);
  }
  keepConversation(conversation);
  connect();
}

/** Signs out: the server forgets the session and takes its token back, this tab forgets what was said. */
async function end() {
  await call("/v1/session", { token: conversation.token, method: "DELETE" });
  $("customer").value = "";
  await begin(null);
}

/** Five stars at the end of the conversation; the one that is pressed is sent. */
function askForStars() {
  document.querySelector(".stars")?.remove();
  const row = element("div", "stars");
  row.setAttribute("role", "group");
  row.ariaLabel = words().rate;
  for (const n of [1, 2, 3, 4, 5]) {
    const star = Object.assign(element("button", "", "★"), { type: "button", title: words().stars(n), ariaLabel: words().stars(n) });
    star.onclick = () => rate(n, row).catch(fail);
    row.append(star);
  }
  $("messages").append(row);
  down();
  row.lastChild.focus();
}

async function rate(csat, row) {
  await call("/v1/session/rating", { token: conversation.token, body: { csat }, method: "PUT" });
  row.replaceWith(element("p", "note", words().rated(csat)));
}

function greet(greeting) {
  say("bot", greeting[state.lang], { greeting }).message.id = "greeting";
}

function connect() {
  const chosen = conversation;
  socket = new ChatSocket(chosen.token, () => chosen.after, { state: onState, event: (event) => handlers[event.type](event) });
}

/** Goes on with the conversation that this tab held before it was loaded again. */
function restore(kept) {
  conversation = { after: NOTHING, answers: [], ...kept };
  $("customer").value = kept.customer ?? "";
  for (const { who, text, greeting, agent } of kept.messages) {
    const shown = show(who, greeting ? greeting[state.lang] : text, agent);
    if (greeting) shown.message.id = "greeting";
  }
  connect();
}

function send(text) {
  const message = text.trim();
  if (!message || pending || !socket?.send(message, chosenLang)) return;
  chosenLang = undefined;
  say("customer", message);
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
  $("send").hidden = Boolean(pending);
  $("stop").hidden = !pending;
  $("stop").disabled = state.connection !== "online";
  $("rate").disabled = state.connection !== "online" || Boolean(pending) || !conversation?.messages.some(({ who }) => who === "customer");
  $("end").disabled = state.connection !== "online" || Boolean(pending);
  $("status").dataset.state = state.connection;
  $("status").textContent = pending ? words().answering : words()[state.connection];
}

function speak(lang) {
  state.lang = lang;
  translate();
}

function translate() {
  document.documentElement.lang = state.lang;
  document.title = shop.name[state.lang];
  $("name").textContent = shop.name[state.lang];
  $("sample").textContent = words().sample;
  $("lang").textContent = words().label;
  $("text").placeholder = $("text-label").textContent = words().placeholder;
  $("send-label").textContent = words().send;
  $("stop").title = $("stop").ariaLabel = words().stop;
  $("rate").textContent = words().rate;
  $("end").title = words().end;
  $("end").ariaLabel = words().end;
  $("picker-label").textContent = words().customer;
  const release = `${shop.release.version} · ${shop.release.content_hash.slice(0, 8)}`;
  $("fine").textContent = shop.sample ? words().fine(release) : words().plain(release);
  const chosen = $("customer").value;
  const options = [["", words().guest], ...shop.demo_customers.map((id) => [id, `${id} · ${words().customer}`])];
  $("customer").replaceChildren(...options.map(([id, text]) => new Option(text, id, false, id === chosen)));
  $("questions").replaceChildren(...shop.questions.map((question) => sender(question[state.lang], question[state.lang])));
  const greeting = conversation?.messages.find((message) => message.greeting)?.greeting;
  if (greeting && $("greeting")) $("greeting").firstChild.textContent = greeting[state.lang];
  refresh();
}

async function main() {
  shop = await call("/v1/shop");
  $("sample").hidden = !shop.sample;
  $("picker").hidden = !shop.demo_customers.length;
  $("text").maxLength = shop.max_message_chars;
  translate();
  $("customer").onchange = (event) => begin(event.target.value || null).catch(fail);
  $("rate").onclick = askForStars;
  $("end").onclick = () => end().catch(fail);
  $("stop").onclick = () => socket.stop();
  $("lang").onclick = () => {
    chosenLang = state.lang === "zh" ? "en" : "zh";
    localStorage.setItem("kefu.lang", chosenLang);
    speak(chosenLang);
  };
  $("text").oninput = grow;
  $("text").onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send($("text").value); }
  };
  $("form").onsubmit = (event) => { event.preventDefault(); send($("text").value); };
  const kept = loadConversation();
  if (kept) restore(kept);
  else await begin(null);
}

const fail = (error) => show("bot error", error.message);
main().catch(fail);
