import { HubError } from "../../errors.js";
import type { HubAccess } from "./options.js";

const maxRedirects = 5;

/**
 * `fetch` that follows redirects to the hub itself and to the servers that Hugging Face keeps its files on, and to
 * nobody else; the access token goes to the hub alone. It is set here because the package lets only tokens that begin
 * with "hf_" through, which those of other hubs do not.
 *
 * @throws HubError `ERR_HUB_REDIRECT`; `ERR_HUB_UNAVAILABLE` where nobody answers
 */
export function createGuardedFetch({ endpoint, signal, token }: HubAccess): typeof fetch {
  const hub = new URL(endpoint);
  return async (input, init = {}) => {
    let url = new URL(input instanceof Request ? input.url : input);
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const headers = new Headers(init.headers);
      headers.set("Accept-Encoding", "identity"); // so that lengths are those of the files
      if (url.origin === hub.origin && token !== undefined) headers.set("Authorization", `Bearer ${token}`);
      const response = await send(url, { ...init, headers, redirect: "manual", signal: signal ?? null });
      const location = response.headers.get("Location");
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      url = requireTrusted(location, url, hub);
    }
    throw new HubError(
      "ERR_HUB_REDIRECT",
      `${endpoint} redirects in circles. Check HF_ENDPOINT.`,
      String(url),
    );
  };
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new HubError(
      "ERR_HUB_UNAVAILABLE",
      `${url.origin} does not answer (${describe(error)}). Check the connection and HF_ENDPOINT, or use what is in the cache with HF_HUB_OFFLINE=1.`,
      String(url),
      { cause: error },
    );
  }
}

function requireTrusted(location: string, from: URL, hub: URL): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isHuggingFace =
    target?.protocol === "https:" && /(^|\.)(huggingface\.co|hf\.co)$/.test(target.hostname);
  if (target && (target.origin === hub.origin || isHuggingFace)) return target;
  throw new HubError(
    "ERR_HUB_REDIRECT",
    `${from.origin} sends us on to ${target?.origin ?? JSON.stringify(location)}, which is no server of Hugging Face. Nothing was loaded from there.`,
    String(from),
  );
}

/** "fetch failed" alone says nothing; its cause does. */
function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message || cause.name}` : message;
}
