"""Every problem that `nurture check` and `nurture test` can report, by its code: for the reference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What the code stands for, and the way out."""

    code: str
    title: str
    way_out: str


CODES: dict[str, Code] = {
    each.code: each
    for each in (
        # the file
        Code("N001", "The file is not YAML", "Compare the line with the examples."),
        Code("N002", "A value begins with '{{'", "Put the value in quotes."),
        Code("N003", "A colon inside a value", "Put the value in quotes."),
        Code("N004", "Curly quotes", "Type straight quotes; word processors change them."),
        Code("N005", "A tab at the start of a line", "Indent with spaces."),
        Code("N006", "A key is there twice", "Keep one of them."),
        Code("N007", "The file is too large, too deep or has too many aliases", "Split the journey."),
        Code("N008", "A value begins with a sign that means something in YAML", "Put the value in quotes."),
        Code("N009", "The file holds nothing that can be read", "Begin with its first key."),
        Code(
            "N010", "A quote is not closed, or closed too early", "Use one pair of quotes around the value."
        ),
        Code("N011", "A bracket is not closed", "Write the closing ] or }."),
        Code(
            "N012",
            "A line is not indented as it should be",
            "Lines of one list or table begin in the same column.",
        ),
        Code("N013", "A colon is missing after a key", "Write 'key: value', with a space."),
        Code("N014", "An invisible character", "Type the line again."),
        Code("N015", "The file is not in UTF-8", "Save it with the encoding UTF-8."),
        Code("N016", "The file can't be read", "Put a file in its place that you may read."),
        # its shape
        Code("N101", "An unknown key", "Look up the keys in the reference."),
        Code("N102", "An unknown kind of step or trigger", "Look up the kinds in the reference."),
        Code("N103", "Something is missing", "Add the key that the message names."),
        Code(
            "N104",
            "A list, a table or a text stands where another of them should",
            "Write it as the example shows.",
        ),
        Code("N105", "A value that its key can't take", "Write it as the example shows."),
        Code("N106", "Two things where one should be", "Keep one, or put '- ' before the second."),
        Code("N107", "A wait that says two things", "Keep the length or 'until'."),
        Code("N108", "A key in the wrong place", "Move it to where it belongs."),
        Code(
            "N109",
            "A comma cuts a condition inside braces",
            "Put the condition on its own line or in quotes.",
        ),
        Code(
            "N113",
            "A name that can't be one",
            "Use small letters, digits and underscores, and no reserved word.",
        ),
        Code("N114", "Two steps with one name", "Give one another id."),
        Code("N115", "Two steps that would get one id", "Give both an id."),
        # conditions
        Code(
            "N301",
            "Another language's spelling in a condition",
            "Write the sign or word that the message shows.",
        ),
        Code("N302", "A condition that can't be read", "See the grammar in the reference."),
        Code("N303", "A length of time that a condition can't take", "Write minutes, hours, days or weeks."),
        Code("N304", "A number that can't be read", "Write it with a point and without separators."),
        Code("N310", "An unknown name in a condition", "Correct it, or declare the field."),
        Code("N311", "Two sides of a test that don't agree", "Compare a number with a number."),
        Code("N312", "A name that means nothing here", "Use it where there is such a thing."),
        Code(
            "N313",
            "A negated test of a field that may be unknown",
            "Add 'is not empty' if unknown should not count.",
        ),
        Code("N314", "A test that is always the same", "Take it away."),
        # names
        Code("N401", "An unknown topic", "Declare it in nurture.yaml."),
        Code("N402", "An unknown event", "Declare it in events.yaml."),
        Code("N403", "An unknown coupon pool", "Declare it in coupons.yaml."),
        Code("N404", "An unknown survey", "Declare it in surveys.yaml."),
        Code("N405", "A template that does not exist", "Write it below templates/."),
        Code("N406", "A step that does not exist, or comes later", "Name a step that comes before."),
        Code("N407", "An unknown field", "Correct it, or declare it in fields.yaml or events.yaml."),
        Code("N408", "A field that is no date", "Name a field of type date."),
        Code("N409", "A case that nothing waits for", "Use the names that stand in 'any'."),
        Code("N410", "A field that can't be set", "The product keeps it; set another one."),
        Code("N411", "A field that is no number", "Name a field of type number."),
        Code("N412", "An unknown segment", "Declare it in segments.yaml."),
        Code("N413", "An unknown stage", "Declare it in stages.yaml."),
        Code("N414", "An unknown score", "Declare it in scores.yaml."),
        Code(
            "N419",
            "A value that the journey which is started can't take",
            "Give it as its type wants, or name it there.",
        ),
        Code("N418", "A journey that can't be started like this", "Give it a trigger 'manual: true'."),
        Code("N417", "An unknown journey", "Name one of the workspace's journeys."),
        Code("N416", "An unknown routing rule", "Declare it in routes.yaml."),
        Code("N415", "A field that is no list", "Name a field of type list, or leave 'each' out."),
        # sense
        Code("N501", "A message without a topic", "Say on which consent it rests."),
        Code("N502", "A wait without an end", "Add 'up_to'."),
        Code("N503", "A step that nobody reaches", "Take it away, or the exit before it."),
        Code(
            "N504",
            "A value that may not be there when it is shown",
            "Move the message behind the step that gives it.",
        ),
        Code("N505", "Ways behind 'else'", "Put 'else' last."),
        Code("N506", "An event without the journey's key", "Add 'any_key: true', or choose another event."),
        Code("N508", "A template takes a value that nobody gives", "Correct it, or give it by 'with:'."),
        Code("N509", "A key that does nothing here", "Take it away."),
        Code("N510", "An event that the step can't bring", "Name a step that sends by that channel."),
        Code("N511", "A mail without a preheader", "Write its block: 40 to 90 characters."),
        Code("N512", "A mail without a text part of its own", "Write NAME.txt beside NAME.html."),
        Code("N513", "A mail that Gmail would clip", "Keep its HTML under 102 kB."),
        Code("N514", "An SMS of more segments than allowed", "Shorten it, or allow more in nurture.yaml."),
        Code(
            "N515", "A day of every year, and each person gets in once", "Add 'reentry', or 'repeats: never'."
        ),
        Code("N521", "Repeats inside repeats that come to too many passes", "Repeat one of them less often."),
        Code("N522", "A message to somebody else that is not transactional", "Add 'class: transactional'."),
        Code("N523", "An exit that does what takes time", "It can update, notify and open a task."),
        Code("N524", "An A/B test of messages to somebody else", "Leave 'to' or 'ab' out."),
        Code("N525", "A message that can't go out instead", "Name another channel, or leave 'on_cap' out."),
        Code("N526", "An A/B test by conversions without a goal", "Add 'goal', or decide by clicks."),
        Code(
            "N527",
            "A webhook to a host that is not listed",
            "List it: channels.webhook.hosts in nurture.yaml.",
        ),
        Code("N528", "A text of a webhook that is no template", "Write names as {{ name }}."),
        Code("N529", "An unknown stage in a condition", "Correct it, or declare it in stages.yaml."),
        Code("N520", "Shares that don't add up", "Make them add up to 100%."),
        Code("N516", "Triggers of `any` with different keys", "Give all of them the same key, or none."),
        # what a mail says and shows
        Code("N530", "A subject that pretends to be an answer", "Say what the mail is about."),
        Code("N531", "A link without encryption", "Write https://."),
        Code("N532", "A link that leads nowhere", "Write the whole address."),
        Code("N533", "A picture without a text", "Write alt."),
        Code("N534", "A mail that doesn't say its language", "Write lang into its first tag."),
        Code("N535", "Text that is hard to read", "Take colors with a contrast of 4.5, or 3 for large text."),
        Code("N536", "CSS that mail programs leave out", "Lay the mail out with tables, in px and %."),
        Code(
            "N538",
            "WhatsApp text outside a template",
            "Declare it in whatsapp.yaml, or write when the person has.",
        ),
        Code(
            "N539",
            "An approved WhatsApp template whose text isn't the same for everybody",
            "Write values alone, or two templates.",
        ),
        Code("N540", "A WhatsApp template that the provider would refuse", "Change it as the message says."),
        Code(
            "N541",
            "A WhatsApp template that is declared and not written, or the other way round",
            "Write its file, or correct whatsapp.yaml.",
        ),
        Code("N542", "A WhatsApp text that can't be sent so", "Send an approved template, without buttons."),
        Code(
            "N543",
            "A mail without a link to unsubscribe",
            "Write the link, or begin with a layout that has it.",
        ),
        Code(
            "N544",
            "Links in mails that aren't HTTPS",
            "Give nurture an address of its own behind a proxy that speaks HTTPS, and write it to web.url.",
        ),
        Code("N537", "A value that may be empty", "Write a default, or show it only where it is known."),
        # the workspace
        Code("N601", "A variable of the environment is missing", "Set it, or write it into .env."),
        Code("N602", "A secret stands in the file", "Write ${NAME} and set NAME in the environment."),
        Code("N603", "The secret is too short", "Make one with: openssl rand -hex 32."),
        Code("N604", "A channel that can't be opened", "Correct its options."),
        Code("N605", "A built-in name is declared again", "Choose another name."),
        Code("N606", "Two journeys with one name", "Give one another name."),
        Code("N607", "A test of a journey that there isn't", "Correct the name."),
        Code("N608", "A password that would travel in clear text", "Write tls: tls."),
    )
}
