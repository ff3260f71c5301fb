// The public HTTP API as this page uses it, and the demo's own `/demo/session`, which hands out its credentials.

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.errors = problem.errors ?? [];
  }
}

const TIMEOUT_MS = 10_000;

async function call(path, { key, body, method = body === undefined ? "GET" : "POST" } = {}) {
  const headers = { Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) }).catch(
    () => {
      throw new ApiError(0, { detail: "The server does not answer." });
    },
  );
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, content);
  return content;
}

/** The sample customers and flows, a token for one customer, and a key that may post events and look. */
export function openSession(customer) {
  return call(`/demo/session${customer ? `?customer=${encodeURIComponent(customer)}` : ""}`);
}

export class Api {
  constructor(key) {
    this.key = key;
  }

  async postEvent(event) {
    const answer = await call("/v1/events", { key: this.key, body: event });
    return answer.results[0];
  }

  async instances(customer) {
    const query = new URLSearchParams({ customer, limit: "5" });
    return (await call(`/v1/instances?${query}`, { key: this.key })).items;
  }

  instance(id) {
    return call(`/v1/instances/${encodeURIComponent(id)}`, { key: this.key });
  }

  async timeline(id) {
    return (await call(`/v1/instances/${encodeURIComponent(id)}/timeline?limit=100`, { key: this.key }))
      .items;
  }
}
