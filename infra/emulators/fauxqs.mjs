// Starts the local SQS on 127.0.0.1. fauxqs' own command line and startFauxqs listen on every interface of the machine,
// so its application is built here and told where to listen.
//
//   node fauxqs.mjs PORT [JOURNAL]    prints "ready PORT" once it answers, or why it does not; ends when its standard input
//                                     closes. With a journal, what waits in the queues outlives it.
import { buildApp } from "fauxqs";
import { SnsStore } from "./node_modules/fauxqs/dist/sns/snsStore.js";
import { S3Store } from "./node_modules/fauxqs/dist/s3/s3Store.js";
import { SqsStore } from "./node_modules/fauxqs/dist/sqs/sqsStore.js";
import { Journal } from "./journal.mjs";

const port = Number.parseInt(process.argv[2] ?? "", 10);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error("usage: node fauxqs.mjs PORT [JOURNAL]");
  process.exit(2);
}

const sqsStore = new SqsStore();
// Without a host of its own the store builds queue URLs from the request's Host header: http://127.0.0.1:PORT/…,
// which resolves everywhere, unlike its default sqs.us-east-1.localhost.
sqsStore.host = "";
if (process.argv[3]) {
  try {
    new Journal(process.argv[3]).watch(sqsStore);
  } catch (error) {
    console.log(error.message);
    process.exit(1);
  }
}

const app = buildApp({ logger: false, stores: { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() } });
await app.listen({ port, host: "127.0.0.1" });
console.log(`ready ${app.server.address().port}`);

// The parent holds our standard input open; when it dies, however it dies, we end too.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
