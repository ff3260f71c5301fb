// What the benchmarks ask of Flowdeck, as Restate has it: node restate_service.js PORT LIVE_PORT, on loopback.
//
//   Customer/C/event   T1: one durable change of a customer's state for each event
//   Customer/C/card    T3: the same, and the card to the customer's apps, which are connected to this process:
//                      Restate keeps no sockets, so its handlers push; GET /live?customer=C on LIVE_PORT
//   Nap/C/run          T5: a workflow that waits for a word or for its time

// Of Node 22; the SDK asks for it.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((done, failed) => { resolve = done; reject = failed; });
  return { promise, resolve, reject };
};

import http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";
import { WebSocketServer } from "ws";

const [port, livePort] = process.argv.slice(2).map(Number);
const apps = new Map();

const customer = restate.object({
  name: "Customer",
  handlers: {
    event: async (ctx, event) => {
      if (event.data.total > 100 && event.data.kind === "book") ctx.set("total", event.data.total);
      return { accepted: 1 };
    },
    card: async (ctx, event) => {
      ctx.set("card", event.data);
      await ctx.run("push", () => push(ctx.key, JSON.stringify({ card: event.id, data: event.data })));
      return { accepted: 1 };
    },
  },
});

const nap = restate.workflow({
  name: "Nap",
  handlers: {
    run: async (ctx) => {
      await restate.RestatePromise.race([ctx.promise("broken"), ctx.sleep({ days: 30 })]);
    },
    broken: async (ctx) => ctx.promise("broken").resolve(),
  },
});

function push(key, card) {
  for (const socket of apps.get(key) ?? []) socket.send(card);
}

const live = new WebSocketServer({ host: "127.0.0.1", port: livePort, perMessageDeflate: false });
live.on("connection", (socket, request) => {
  const key = new URL(request.url, "ws://localhost").searchParams.get("customer");
  if (!apps.has(key)) apps.set(key, new Set());
  apps.get(key).add(socket);
  socket.on("close", () => apps.get(key).delete(socket));
});

const handler = restate.createEndpointHandler({ services: [customer, nap] });
http2.createServer(handler).listen(port, "127.0.0.1");
