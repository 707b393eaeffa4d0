// tmi.js against the simulated Twitch: prints what it hears, one JSON object a line, until its input ends.
import tmi from "tmi.js";

const [port, ...channels] = process.argv.slice(2);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const client = new tmi.Client({
  connection: { server: "127.0.0.1", port: Number(port), secure: false, reconnect: true },
  channels,
});
client.on("connected", () => say({ event: "connected" }));
client.on("ping", () => say({ event: "ping" }));
client.on("join", (channel, _user, self) => self && say({ event: "joined", channel: channel.slice(1) }));
client.on("message", (channel, tags, text) =>
  say({ event: "message", channel: channel.slice(1), id: tags.id, room: tags["room-id"], user: tags["user-id"],
        sent: tags["tmi-sent-ts"], text: text.length }));
client.connect().catch((error) => say({ event: "failed", reason: String(error) }));
process.stdin.on("end", () => process.exit(0)).resume();
