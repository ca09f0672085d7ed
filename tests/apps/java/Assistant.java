import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.regex.Pattern;

/** A small assistant: an answer, an answer piece by piece. */
class Assistant {
    private static final Pattern CONTENT = Pattern.compile("\"content\":\\s*\"([^\"]+)\"");
    private static final Pattern ID = Pattern.compile("\"id\":\\s*\"([^\"]+)\"");

    private final HttpClient client = HttpClient.newHttpClient();

    String ask(String question) throws Exception {
        var answer = client.send(request(question, false), BodyHandlers.ofString());
        check(answer.statusCode());
        return first(ID, answer.body()) + ": " + first(CONTENT, answer.body());
    }

    List<String> tell(String question) throws Exception {
        var answer = client.send(request(question, true), BodyHandlers.ofLines());
        check(answer.statusCode());
        return answer.body().map(line -> first(CONTENT, line)).filter(text -> !text.isEmpty()).toList();
    }

    private static HttpRequest request(String question, boolean stream) {
        var body = """
                {"model": "gpt-5-nano", "messages": [{"role": "user", "content": "%s"}], "stream": %s}"""
                .formatted(question, stream);
        return HttpRequest.newBuilder(URI.create("https://api.openai.com/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + System.getenv("OPENAI_API_KEY"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static void check(int status) {
        if (status != 200) throw new IllegalStateException("the API said " + status);
    }

    private static String first(Pattern pattern, String text) {
        var found = pattern.matcher(text);
        return found.find() ? found.group(1) : "";
    }
}
