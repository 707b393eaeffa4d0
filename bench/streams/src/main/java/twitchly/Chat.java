package twitchly;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The fields of a chat record that the sums need. */
final class Chat {
    private static final JsonFactory JSON = new JsonFactory();

    long atMs;
    long words;
    long observedMs;
    boolean isMessage;

    static Chat read(byte[] value) {
        Chat chat = new Chat();
        try (JsonParser parser = JSON.createParser(value)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "at_ms" -> chat.atMs = parser.getLongValue();
                    case "words" -> chat.words = parser.getLongValue();
                    case "observed_ms" -> chat.observedMs = parser.getLongValue();
                    case "kind" -> chat.isMessage = parser.getText().equals("message");
                    default -> parser.skipChildren();
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return chat;
    }

    static Serde<Chat> serde() {
        Deserializer<Chat> from = (topic, bytes) -> bytes == null ? null : read(bytes);
        return Serdes.serdeFrom((topic, chat) -> { throw new UnsupportedOperationException("chat is read-only"); }, from);
    }
}
