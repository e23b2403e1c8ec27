import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.MessageBuilder;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okio.BufferedSink;
import okio.GzipSink;
import okio.Okio;

/** Sends stories with the client for Java. Input and output are those of ../node/server.mjs; the config may say "gzip". */
class Server {
  static final Gson JSON = new Gson();

  static class Story {
    String writeKey;
    String apiHost;
    List<Sequence> sequences;
    Map<String, Boolean> config;
  }

  static class Sequence {
    long delayMs;
    List<JsonObject> events;
  }

  static class Result {
    boolean success = true;
    String error = "";
  }

  /** Packs bodies as the client's documents advise: by an interceptor of its HTTP client. */
  static final Interceptor PACK = chain -> {
    RequestBody plain = chain.request().body();
    RequestBody packed = new RequestBody() {
      @Override public MediaType contentType() {
        return plain.contentType();
      }

      @Override public void writeTo(BufferedSink sink) throws java.io.IOException {
        BufferedSink gzip = Okio.buffer(new GzipSink(sink));
        plain.writeTo(gzip);
        gzip.close();
      }
    };
    return chain.proceed(chain.request().newBuilder().header("Content-Encoding", "gzip").method("POST", packed).build());
  };

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(JsonObject event, String name) {
    return event.has(name) ? JSON.fromJson(event.get(name), Map.class) : Map.of();
  }

  static MessageBuilder<?, ?> message(JsonObject event) {
    String name = event.has("name") ? event.get("name").getAsString() : "";
    switch (event.get("type").getAsString()) {
      case "page":
        return PageMessage.builder(name).properties(map(event, "properties"));
      case "screen":
        return ScreenMessage.builder(name).properties(map(event, "properties"));
      case "track":
        return TrackMessage.builder(event.get("event").getAsString()).properties(map(event, "properties"));
      case "identify":
        return IdentifyMessage.builder().traits(map(event, "traits"));
      case "group":
        return GroupMessage.builder(event.get("groupId").getAsString()).traits(map(event, "traits"));
      default:
        return AliasMessage.builder(event.get("previousId").getAsString());
    }
  }

  static MessageBuilder<?, ?> read(JsonObject event) {
    MessageBuilder<?, ?> message = message(event);
    if (event.has("userId")) {
      message.userId(event.get("userId").getAsString());
    }
    if (event.has("anonymousId")) {
      message.anonymousId(event.get("anonymousId").getAsString());
    }
    if (event.has("timestamp")) {
      message.timestamp(Date.from(Instant.parse(event.get("timestamp").getAsString())));
    }
    if (event.has("context")) {
      message.context(map(event, "context"));
    }
    return message;
  }

  static Result tell(Story story) {
    Result result = new Result();
    int sent = story.sequences.stream().mapToInt(s -> s.events.size()).sum();
    CountDownLatch ends = new CountDownLatch(sent);
    Analytics.Builder builder = Analytics.builder(story.writeKey).endpoint(story.apiHost).callback(new Callback() {
      @Override public void success(Message message) {
        ends.countDown();
      }

      @Override public void failure(Message message, Throwable cause) {
        result.success = false;
        result.error = cause.toString();
        ends.countDown();
      }
    });
    if (story.config.containsKey("gzip")) {
      builder.client(new OkHttpClient.Builder().addInterceptor(PACK).build());
    }
    Analytics client = builder.build();
    try {
      for (Sequence sequence : story.sequences) {
        Thread.sleep(sequence.delayMs);
        for (JsonObject event : sequence.events) {
          client.enqueue(read(event));
        }
      }
      client.flush();
      ends.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      client.shutdown();
    }
    return result;
  }

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var pool = Executors.newCachedThreadPool();
    List<Future<Result>> results = new ArrayList<>();
    for (String line; (line = in.readLine()) != null; ) {
      Story story = JSON.fromJson(line, Story.class);
      results.add(CompletableFuture.supplyAsync(() -> tell(story), pool));
    }
    for (Future<Result> result : results) {
      System.out.println(JSON.toJson(result.get()));
    }
    System.exit(0);
  }
}
