"""The English that answers are made of: frames and clauses that read on from one another, as data.

The rule: every frame goes with every clause, whatever the topic is: ``{}`` is a topic of one to three words, taken from
the question, and stands only where a noun, a name or a quoted word can stand. A frame starts with a capital and takes a
comma behind it; a clause is a main clause without its full stop.
"""

OPENERS = (
    "The short answer on {} is that it depends on what you start from",
    "There are two sides to {}, and both are worth a look",
    "A good way into {} is to ask what it is meant to change",
    "When people ask about {}, they often mean something more precise",
    "The question about {} is easier than it looks at first",
    "Let us take {} one step at a time",
    "What you ask about {} comes up a lot, and there is a clear answer",
    "Most of what matters about {} fits into a few sentences",
    "To say something useful about {}, it helps to begin with an example",
    "You are right to ask about {} before going any further",
)

PLAIN_OPENERS = (
    "The short answer is that it depends on what you start from",
    "There are two sides to this, and both are worth a look",
    "This is easier than it looks at first",
    "Most of what matters here fits into a few sentences",
    "Let us take this one step at a time",
)

FRAMES = (
    "In practice",
    "Most of the time",
    "On a closer look",
    "For a first attempt",
    "Seen from a distance",
    "Once the basics are in place",
    "As a rule",
    "Before anything else",
    "In day-to-day use",
    "If you have to choose",
    "At the same time",
    "To put it another way",
)

TOPIC_FRAMES = (
    "With {} in mind",
    "As far as {} goes",
    "Where {} is concerned",
    "In the case of {}",
    "Next to {}",
    "Without {}",
    "When it comes to {}",
    "Compared with {}",
)

CLAUSES = (
    "the details matter more than the headline",
    "a small example says more than a long definition",
    "the first step is to write down what is already known",
    "it pays to check the result against a case you understand",
    "the simple version works more often than people expect",
    "two things have to be kept apart: what is wanted and what is measured",
    "there is a trade-off between speed and care",
    "the order of the steps makes a real difference",
    "good names and clear limits prevent most mistakes",
    "one exception is not a reason to give up the rule",
    "the cost of a wrong guess is usually low",
    "it is better to start small and to look at what happens",
    "the same idea comes back under several names",
    "you can tell that it works when nobody has to think about it",
    "the evidence points in one direction",
    "a second opinion is cheap and often useful",
    "the numbers only make sense together with their units",
    "most of the effort goes into the last tenth",
    "the older approach still has its place",
    "it is worth knowing what would change your mind",
    "a list of open questions is more helpful than a quick verdict",
    "the parts are well understood, and so is the way they fit",
    "the answer changes with the size of the problem",
    "a short test shows whether the assumption holds",
    "nothing stops you from doing both",
    "the result should be the same each time you try",
    "what looks like a detail turns out to decide the outcome",
    "the safe choice is also the one that is easy to undo",
)

TOPIC_CLAUSES = (
    "the role of {} is easy to underestimate",
    "{} deserves a closer look than it usually gets",
    "it helps to say plainly what {} stands for here",
    "the link to {} explains most of the rest",
    "the limits of {} show up sooner than its strengths",
    "you will find {} in more places than you expect",
    "{} is a means and not an end",
    "a good question about {} is half of the answer",
)

CLOSERS = (
    "If you tell me more about {}, I can be more precise",
    "That is the core of {}; the rest is practice",
    "From here, the next thing to try is a small case of {} of your own",
    "I would start with {} and leave the rest for later",
    "In short, keep {} simple and check it often",
)

PLAIN_CLOSERS = (
    "If you tell me more, I can be more precise",
    "That is the core of it; the rest is practice",
    "In short, keep it simple and check it often",
)

# Words that say nothing about the subject of a question.
_STOP_TEXT = """
a about above after again against all also am an and any anything are as ask at be because been before being below
between both brief briefly but by can come could couldn describe did didn do does doesn doing don down during each
explain few find for from further get give go had has have having he hello help her here hers hey hi him his how i if in
into is isn it its itself just know let like list ll make many may me mean might more most much must my name need no nor
not now of off on once one only or other our out over own please put re s same say see sentence sentences she short
should show so some something such t take talk tell than thank thanks that the their them then there these they thing
things this those through to too two under until up us use using very was way we were what when where which while who
whom why will with word words would write you your yours ve m d three four five six seven eight nine ten long answer
question questions said says say asked summarise summarize translate compare rewrite generate create provide return make
sort work works means happens happen
"""
STOPWORDS = frozenset(_STOP_TEXT.split())
