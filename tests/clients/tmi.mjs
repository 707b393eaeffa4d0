// tmi.js against the simulated Twitch: prints each event as a line of JSON until its standard input closes.
import tmi from "tmi.js";

const [port, ...channels] = process.argv.slice(2);
const printEvent = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const client = new tmi.Client({
  connection: { server: "127.0.0.1", port: Number(port), secure: false, reconnect: true },
  channels,
});
client.on("connected", () => printEvent({ event: "connected" }));
client.on("ping", () => printEvent({ event: "ping" }));
client.on("join", (channel, _user, self) => self && printEvent({ event: "joined", channel: channel.slice(1) }));
client.on("message", (channel, tags, text) =>
  printEvent({ event: "message", channel: channel.slice(1), id: tags.id, room: tags["room-id"], user: tags["user-id"],
        sent: tags["tmi-sent-ts"], text: text.length }));
client.connect().catch((error) => printEvent({ event: "failed", reason: String(error) }));
process.stdin.on("end", () => process.exit(0)).resume();
