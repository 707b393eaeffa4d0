// @twurple/chat against the simulated Twitch: prints each event as a line of JSON until its standard input closes.
import net from "node:net";
import { ChatClient } from "@twurple/chat";

const [port, ...channels] = process.argv.slice(2);
const printEvent = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
// The client has no option for the port, so the socket is created here.
const createConnection = (options) => net.connect({ ...options, path: undefined, host: "127.0.0.1", port: Number(port) });
const client = new ChatClient({
  channels,
  hostName: "127.0.0.1",
  ssl: false,
  webSocket: true,
  rejoinChannelsOnReconnect: true,
  connectionOptions: { wsOptions: { createConnection } },
});
client.onConnect(() => printEvent({ event: "connected" }));
client.onDisconnect((manually) => printEvent({ event: "disconnected", manually }));
client.onJoin((channel) => printEvent({ event: "joined", channel }));
client.onJoinFailure((channel, reason) => printEvent({ event: "failed", channel, reason }));
client.irc.onAnyMessage((message) => message.command === "PING" && printEvent({ event: "ping" }));
client.onMessage((channel, _user, text, message) =>
  printEvent({ event: "message", channel, id: message.id, room: message.channelId, user: message.userInfo.userId,
        sent: String(message.date.getTime()), text: text.length }));
client.connect();
process.stdin.on("end", () => process.exit(0)).resume();
