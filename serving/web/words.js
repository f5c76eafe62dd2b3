// The page's own words. What the shop says comes from its pack.

export const WORDS = {
  zh: {
    online: "在线", connecting: "连接中…", offline: "连接断开，正在重连…", answering: "正在输入…",
    sample: "示例店铺", guest: "游客（未登录）", customer: "示例顾客", placeholder: "请输入您的问题…", send: "发送", stop: "停止回答", stopped: "已停止", end: "结束会话并退出登录",
    fine: (release) => `由 AI 回答 · 示例数据，请勿输入真实个人信息 · 版本 ${release}`, plain: (release) => `由 AI 回答 · 版本 ${release}`,
    rate: "评价本次服务", stars: (n) => `${n} 星`, rated: (n) => `谢谢您的评价：${"★".repeat(n)}`,
    signedIn: (id) => `已登录为示例顾客 ${id}，开始新的会话`,
    goesOn: (id) => `已登录为示例顾客 ${id}，接着刚才的会话`, goOn: { simplified: "我登录好了，继续", traditional: "我登錄好了，繼續" }, guestNow: "以游客身份开始新的会话",
    agent: (name) => `客服 ${name}`, asks: "待补充", broken: "回答中断了，请再发一次", other: "English", label: "EN",
    routes: { flow: "流程", faq: "知识库", query: "查询", model: "模型", chitchat: "寒暄", human: "转人工", fallback: "兜底" },
  },
  en: {
    online: "Online", connecting: "Connecting…", offline: "Connection lost, trying again…", answering: "Typing…",
    sample: "Sample shop", guest: "Guest (not signed in)", customer: "Sample customer", placeholder: "Ask a question…", send: "Send", stop: "Stop the answer", stopped: "Stopped", end: "End the conversation and sign out",
    fine: (release) => `An AI answers · sample data: enter no real personal data · release ${release}`, plain: (release) => `An AI answers · release ${release}`,
    rate: "Rate this conversation", stars: (n) => (n === 1 ? "1 star" : `${n} stars`), rated: (n) => `Thank you for rating: ${"★".repeat(n)}`,
    signedIn: (id) => `Signed in as sample customer ${id}, new session`,
    goesOn: (id) => `Signed in as sample customer ${id}, the conversation goes on`, goOn: { simplified: "I am signed in, go on", traditional: "I am signed in, go on" }, guestNow: "New session as a guest",
    agent: (name) => `${name}, agent`, asks: "asks for", broken: "The answer broke off. Please send it again.", other: "中文", label: "中",
    routes: { flow: "Flow", faq: "Knowledge", query: "Query", model: "Model", chitchat: "Small talk", human: "Agent", fallback: "Fallback" },
  },
};
