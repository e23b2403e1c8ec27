// Keeps what waits in the queues on disk. fauxqs holds its messages in memory alone; an event that was acknowledged would
// end with its process.
//
// The rules are:
//   - A message is written before the queue has it, so before anybody is told that it was sent; that it was deleted is
//     written before anybody is told that. Waiting, delayed, in flight and dead letters are all kept.
//   - Each change is one line of JSON at the end of the file. A line that a crash cut short was never acknowledged.
//   - write(2) is enough: what a process wrote is the kernel's, and outlives a kill -9. Nothing is synced to the disk, so
//     the last seconds before a power cut may be missing, as they may be of the table and the buckets.
//   - After a start everything that is left waits again, also what was in flight, and its receives are counted anew.
import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

// SLACK is by how much the file may outgrow twice what waits before it is written anew.
const SLACK = 16 << 20;
const NEWLINE = "\n".charCodeAt(0);

export class Journal {
  #path;
  #file;
  #size = 0; // bytes of the file
  #kept = new Map(); // by message id: the queue's name, the message, the bytes of its line
  #keptBytes = 0;

  // Reads what an earlier process left. Throws when the file cannot be read: starting without it would lose events.
  constructor(path) {
    this.#path = path;
    for (const { queue, message, deleted } of lines(path)) {
      if (deleted !== undefined) {
        this.#forget(deleted);
        continue;
      }
      message.approximateReceiveCount = 0; // known of some only: receives are not written
      this.#keep(queue, message, line({ queue, message }).length);
    }
    this.#rewrite();
  }

  // Makes every queue of the store keep its messages here, and gives it those that it had.
  watch(store) {
    const create = store.createQueue.bind(store);
    store.createQueue = (name, ...rest) => {
      const queue = create(name, ...rest);
      const enqueue = queue.enqueue.bind(queue);
      const remove = queue.deleteMessage.bind(queue);
      const purge = queue.purge.bind(queue);
      queue.enqueue = (message) => {
        this.#sent(name, message);
        enqueue(message);
      };
      queue.deleteMessage = (handle) => {
        const id = queue.inflightMessages.get(handle)?.message.messageId;
        const removed = remove(handle);
        if (removed) this.#deleted(id);
        return removed;
      };
      queue.purge = () => {
        purge();
        for (const [id, kept] of [...this.#kept]) if (kept.queue === name) this.#deleted(id);
      };
      for (const { queue: of, message } of [...this.#kept.values()]) if (of === name) enqueue(message);
      return queue;
    };
  }

  #sent(queue, message) {
    this.#keep(queue, message, this.#append(line({ queue, message })));
    this.#shorten();
  }

  #deleted(id) {
    this.#append(line({ deleted: id }));
    this.#forget(id);
    this.#shorten();
  }

  // A message that moves to another queue, as dead letters do, keeps its id.
  #keep(queue, message, bytes) {
    this.#forget(message.messageId);
    this.#kept.set(message.messageId, { queue, message, bytes });
    this.#keptBytes += bytes;
  }

  #forget(id) {
    this.#keptBytes -= this.#kept.get(id)?.bytes ?? 0;
    this.#kept.delete(id);
  }

  #append(text) {
    try {
      this.#size += write(this.#file, text, this.#size);
    } catch (error) {
      ftruncateSync(this.#file, this.#size); // half a line would spoil the next one
      throw error;
    }
    return text.length;
  }

  #shorten() {
    if (this.#size > 2 * this.#keptBytes + SLACK) this.#rewrite();
  }

  #rewrite() {
    const path = `${this.#path}.new`;
    const file = openSync(path, "w", 0o600);
    let size = 0;
    for (const { queue, message } of this.#kept.values()) size += write(file, line({ queue, message }), size);
    renameSync(path, this.#path);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = file;
    this.#size = size;
  }
}

function line(change) {
  return Buffer.from(`${JSON.stringify(change)}\n`);
}

// Writes all of a text at a place of a file, and gives its length.
function write(file, text, place) {
  for (let at = 0; at < text.length; ) at += writeSync(file, text, at, text.length - at, place + at);
  return text.length;
}

function* lines(path) {
  let text;
  try {
    text = readFileSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  for (let at = 0, number = 1; ; number++) {
    const end = text.indexOf(NEWLINE, at);
    if (end < 0) return;
    try {
      yield JSON.parse(text.toString("utf8", at, end));
    } catch {
      throw new Error(`line ${number} of ${path} is damaged: move the file away, and what waited in the queue stays in it`);
    }
    at = end + 1;
  }
}
