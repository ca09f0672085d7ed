/** The assistant's tests, as its author wrote them: nothing in here knows of a proxy. */
class AssistantTest {
    public static void main(String[] words) throws Exception {
        itAnswers();
        itTellsPieceByPiece();
    }

    static void itAnswers() throws Exception {
        var answer = new Assistant().ask("Hello!");
        System.out.println("said " + answer);
        assert answer.contains("Hello") : answer;
    }

    static void itTellsPieceByPiece() throws Exception {
        var pieces = new Assistant().tell("Hello!");
        System.out.println("said " + String.join("|", pieces));
        assert pieces.size() > 1 && String.join("", pieces).contains("Hello") : pieces;
    }
}
