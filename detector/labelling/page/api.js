/** The server: its paths are below the page's own address. */

const PATIENCE = 20000; // milliseconds until a request counts as lost

const REFUSED = new Set([400, 409, 413, 422]); // answers to a request that would be refused again

/** What went wrong with a request. `kind` is "lost" (try again), "moved" (another address) or "refused". */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
    this.kind = status === 404 ? "moved" : REFUSED.has(status) ? "refused" : "lost";
  }
}

export const get = (path) => ask(path, {});

export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`api/${path}`, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new ApiError("The server cannot be reached.", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(reason(answer, response), response.status);
  if (answer === null) throw new ApiError("The server's answer was cut off.", 0);
  return answer;
}

function reason(answer, response) {
  if (answer && typeof answer.detail === "string") return answer.detail;
  return `The server answered ${response.status} ${response.statusText}.`;
}
