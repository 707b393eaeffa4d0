package twitchly;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** The sums of both variants: messages, words and heard time. */
final class Sums {
    long messages;
    long words;
    long observedMs;

    Sums add(Chat record) {
        if (record.isMessage) {
            messages++;
            words += record.words;
        }
        observedMs += record.observedMs;
        return this;
    }

    void add(Sums other) {
        messages += other.messages;
        words += other.words;
        observedMs += other.observedMs;
    }

    String json(String channelId, long endMs) {
        return "{\"id\":\"" + channelId + "\",\"end_ms\":" + endMs
            + ",\"sums\":[" + messages + "," + words + "," + observedMs + "]}";
    }

    static Serde<Sums> serde() {
        Serializer<Sums> to = (topic, sums) -> sums == null ? null : ByteBuffer.allocate(24)
            .putLong(sums.messages).putLong(sums.words).putLong(sums.observedMs).array();
        Deserializer<Sums> from = (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Sums sums = new Sums();
            sums.messages = buffer.getLong();
            sums.words = buffer.getLong();
            sums.observedMs = buffer.getLong();
            return sums;
        };
        return Serdes.serdeFrom(to, from);
    }
}
