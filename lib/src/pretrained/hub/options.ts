import { getHFHubCachePath, HUB_URL } from "@huggingface/hub";
import { ConfigError, HubError } from "../../errors.js";
import { requirePath } from "../../options.js";

/** How the Hugging Face Hub is reached. Defaults come from the environment, by the names that its other clients read. */
export interface HubOptions {
  /** Branch, tag or commit. Default: `main`. */
  revision?: string;
  /** Access token for private and gated repositories. Default: `HF_TOKEN`. */
  token?: string;
  /** Where files are kept, shared with the Python client. Default: `HF_HUB_CACHE`, `HF_HOME`, or `~/.cache/huggingface/hub`. */
  cacheFolder?: string;
  /** Address of the hub or of a mirror. Default: `HF_ENDPOINT`, or https://huggingface.co. */
  endpoint?: string;
  /** Use only what the cache holds. Default: whether `HF_HUB_OFFLINE` is set. */
  offline?: boolean;
  /** Stops a download; what has come is kept for the next try. */
  signal?: AbortSignal;
  /** Told what happens. Default: `console.info`. */
  report?: (message: string) => void;
}

/** The options with what the environment says. */
export interface HubAccess {
  revision: string;
  token: string | undefined;
  cacheFolder: string;
  endpoint: string;
  offline: boolean;
  signal: AbortSignal | undefined;
  report: (message: string) => void;
}

/**
 * @throws ConfigError for a revision, an endpoint or a folder that cannot be one
 * @throws HubError `ERR_HUB_DENIED` for a token that cannot be one
 */
export function completeHubOptions(options: HubOptions, environment = process.env): HubAccess {
  const { revision = "main" } = options;
  // Pasted, or read from a file: often with a line's end. A variable that is empty is as good as none.
  const token = options.token?.trim() ?? (environment.HF_TOKEN?.trim() || undefined);
  if (!/^\w[\w./-]*$/.test(revision) || /\.\.|\/\/|\/$|\.lock$/.test(revision)) {
    throw outOfRange(`revision has to be a branch, tag or commit, not ${JSON.stringify(revision)}.`);
  }
  const endpoint = (options.endpoint ?? (environment.HF_ENDPOINT || HUB_URL)).replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : "")) {
    throw outOfRange(
      `endpoint has to be an address that begins with https://, not ${JSON.stringify(endpoint)}.`,
    );
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new HubError(
      "ERR_HUB_DENIED",
      "The token (or HF_TOKEN) is none: it is empty, or has blanks or characters other than ASCII in it. Copy it again from the hub's settings.",
    );
  }
  const cacheFolder = options.cacheFolder ?? getHFHubCachePath();
  requirePath("cacheFolder (or HF_HUB_CACHE)", cacheFolder);
  return {
    revision,
    token,
    endpoint,
    cacheFolder,
    offline: options.offline ?? /^(1|on|yes|true)$/i.test(environment.HF_HUB_OFFLINE ?? ""),
    signal: options.signal,
    report: options.report ?? console.info,
  };
}

/** `owner/name`, by the hub's own rules; never something that leads out of the cache. */
export function isRepositoryId(text: string): boolean {
  return (
    text.length <= 96 && /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(text) && !/--|\.\.|\.git$|[.-](\/|$)/.test(text)
  );
}

function outOfRange(message: string): ConfigError {
  return new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
}
