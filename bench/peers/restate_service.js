// One durable change of a customer's state for each event: what T1 asks of Flowdeck, as a Restate virtual object.
// Of Node 22; the SDK asks for it.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((done, failed) => { resolve = done; reject = failed; });
  return { promise, resolve, reject };
};

import * as restate from "@restatedev/restate-sdk";

const customer = restate.object({
  name: "Customer",
  handlers: {
    event: async (ctx, event) => {
      if (event.data.total > 100 && event.data.kind === "book") ctx.set("total", event.data.total);
      return { accepted: 1 };
    },
  },
});

restate.serve({ services: [customer], port: Number(process.argv[2]) });
