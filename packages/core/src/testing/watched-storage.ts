import type { Storage } from "../ports/storage.js";

/** A storage and the number of its calls that have not answered. */
export interface WatchedStorage {
  readonly storage: Storage;
  readonly openCalls: number;
}

/** Counts the calls under way, so that the test clock does not move on while the storage still works. */
export function watchStorage(storage: Storage): WatchedStorage {
  let openCalls = 0;
  const answered = () => {
    openCalls--;
  };
  const watched = new Proxy(storage, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, parameters);
        if (!(answer instanceof Promise)) return answer;
        openCalls++;
        answer.then(answered, answered);
        return answer;
      };
    },
  });
  return {
    storage: watched,
    get openCalls() {
      return openCalls;
    },
  };
}
