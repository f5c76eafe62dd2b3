// The open conversation, kept in this tab until it is closed, so that a reload loses nothing.

const KEY = "kefu.conversation";
const KEPT = 100; // messages

/** {token, customer, expires, after, answers, script?, messages: [{who, text, greeting?, agent?}]}; after: id of the last turn
 *  that came unasked or was missed ("0-0": none); answers: ids of turns that came as answers. undefined when there is none that is still good. */
export function loadConversation() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return kept && kept.expires > Date.now() ? kept : undefined;
  } catch {
    return undefined; // storage is switched off, or somebody else's
  }
}

export function keepConversation(conversation) {
  conversation.messages = conversation.messages.slice(-KEPT);
  conversation.answers = conversation.answers.slice(-KEPT);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(conversation));
  } catch { /* storage is full or switched off: a reload begins anew */ }
}
