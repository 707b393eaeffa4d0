package twitchly;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Keeps one sum per second per channel, and emits the total of the last 30 s every second.
 *
 * <p>It is fast because its state is only in memory; a restart loses it.
 */
final class Rings implements Processor<String, Chat, String, String> {
    private static final int SECONDS = 30;
    private static final long GRACE_MS = 500;

    private final Map<String, Map<Long, Sums>> channels = new HashMap<>();
    private ProcessorContext<String, String> context;
    private long doneMs = -1;

    @Override
    public void init(ProcessorContext<String, String> processorContext) {
        context = processorContext;
        context.schedule(Duration.ofMillis(100), PunctuationType.STREAM_TIME, this::close);
    }

    @Override
    public void process(Record<String, Chat> record) {
        if (record.key() == null) {
            return;
        }
        long second = record.value().atMs / 1000;
        channels.computeIfAbsent(record.key(), key -> new HashMap<>())
            .computeIfAbsent(second, key -> new Sums())
            .add(record.value());
        if (doneMs < 0) {
            doneMs = second * 1000;
        }
    }

    private void close(long streamMs) {
        while (doneMs >= 0 && doneMs + 1000 <= streamMs - GRACE_MS) {
            doneMs += 1000;
            for (Map.Entry<String, Map<Long, Sums>> channel : channels.entrySet()) {
                emit(channel.getKey(), channel.getValue());
            }
        }
    }

    private void emit(String channelId, Map<Long, Sums> seconds) {
        long last = doneMs / 1000 - 1;
        Sums total = new Sums();
        for (long second = last - SECONDS + 1; second <= last; second++) {
            Sums sums = seconds.get(second);
            if (sums != null) {
                total.add(sums);
            }
        }
        seconds.remove(last - SECONDS + 1);
        context.forward(new Record<>(channelId, total.json(channelId, doneMs), doneMs));
    }
}
