// A chat socket that comes back: reconnects with growing pauses, and says in which state it is.

const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export class ChatSocket {
  /** token: a session's token; after(): id of the last turn that came unasked; handlers: {state(name), event(object)}. */
  constructor(token, after, handlers) {
    this.token = token;
    this.after = after;
    this.handlers = handlers;
    this.pause = 500;
    this.closed = this.expired = false;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.handlers.state("connecting");
    this.socket = new WebSocket(`${scheme}://${location.host}/v1/chat/ws`);
    this.socket.onopen = () => {
      this.pause = 500;
      this.socket.send(JSON.stringify({ token: this.token, after: this.after() }));
      if (this.unanswered) this.socket.send(this.unanswered);
      this.handlers.state("online");
    };
    this.socket.onmessage = (message) => this.closed || this.received(JSON.parse(message.data));
    this.socket.onclose = () => this.lost();
  }

  received(event) {
    if (event.code === "idle_timeout") return; // nothing is lost: the socket opens again
    if (event.code === "bad_token") this.expired = true;
    if (event.type === "done" || event.type === "error") this.unanswered = undefined;
    this.handlers.event(event);
  }

  lost() {
    if (this.closed) return;
    this.handlers.state("offline");
    if (this.expired) return; // the same token would be refused again
    setTimeout(() => !this.closed && this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, 8000);
  }

  /**
   * Whether the message went out. lang: language that was chosen; undefined: the words decide.
   * A message that the connection's end left unanswered is sent again under its id, which does nothing twice.
   */
  send(message, lang) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.unanswered = JSON.stringify({ id: newId(), message, lang });
    this.socket.send(this.unanswered);
    return true;
  }

  /** Ends what a model writes as the answer to the message that went out last. */
  stop() {
    if (this.unanswered && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ stop: JSON.parse(this.unanswered).id }));
  }

  close() {
    this.closed = true;
    this.socket.close();
  }
}
