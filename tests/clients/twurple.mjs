// @twurple/chat against the simulated Twitch: prints what it hears, one JSON object a line, until its input ends.
import net from "node:net";
import { ChatClient } from "@twurple/chat";

const [port, ...channels] = process.argv.slice(2);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
// The client knows hosts, but no ports: the socket is what leads to ours.
const createConnection = (options) => net.connect({ ...options, path: undefined, host: "127.0.0.1", port: Number(port) });
const client = new ChatClient({
  channels,
  hostName: "127.0.0.1",
  ssl: false,
  webSocket: true,
  rejoinChannelsOnReconnect: true,
  connectionOptions: { wsOptions: { createConnection } },
});
client.onConnect(() => say({ event: "connected" }));
client.onDisconnect((manually) => say({ event: "disconnected", manually }));
client.onJoin((channel) => say({ event: "joined", channel }));
client.onJoinFailure((channel, reason) => say({ event: "failed", channel, reason }));
client.irc.onAnyMessage((message) => message.command === "PING" && say({ event: "ping" }));
client.onMessage((channel, _user, text, message) =>
  say({ event: "message", channel, id: message.id, room: message.channelId, user: message.userInfo.userId,
        sent: String(message.date.getTime()), text: text.length }));
client.connect();
process.stdin.on("end", () => process.exit(0)).resume();
