package twitchly;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/** Computes 30 s sums per channel every second, with the windowed DSL or with a custom processor. */
public final class Main {
    private static final Duration SIZE = Duration.ofSeconds(30);
    private static final Duration SLIDE = Duration.ofSeconds(1);
    private static final Duration GRACE = Duration.ofMillis(500);

    private Main() {}

    /** Arguments: bootstrap servers, "dsl" or "processor", chat topic, windows topic, state folder. */
    public static void main(String[] args) throws InterruptedException {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, Chat> chat = builder.stream(
            args[2],
            Consumed.with(Serdes.String(), Chat.serde())
                .withTimestampExtractor((record, newest) -> ((Chat) record.value()).atMs));
        KStream<String, String> windows = args[1].equals("dsl") ? dsl(chat) : chat.process(Rings::new);
        windows.to(args[3], Produced.with(Serdes.String(), Serdes.String()));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings(args));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            ended.countDown();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
        ended.await();
    }

    private static KStream<String, String> dsl(KStream<String, Chat> chat) {
        return chat
            .groupByKey(Grouped.with(Serdes.String(), Chat.serde()))
            .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(SLIDE))
            .aggregate(
                Sums::new,
                (channelId, record, sums) -> sums.add(record),
                Materialized.<String, Sums>as(
                        Stores.inMemoryWindowStore("sums", SIZE.plus(SIZE), SIZE, false))
                    .withKeySerde(Serdes.String())
                    .withValueSerde(Sums.serde()))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
            .toStream()
            .map((window, sums) -> org.apache.kafka.streams.KeyValue.pair(
                window.key(), sums.json(window.key(), window.window().end())));
    }

    private static Properties settings(String[] args) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench-" + args[1]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[4]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 10_000);
        settings.put("auto.offset.reset", "earliest");
        settings.put("producer.compression.type", "lz4");
        settings.put("producer.linger.ms", 20);
        return settings;
    }
}
