package main

import (
	"fmt"
	goio "io" // io is the command's stdio
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"waymark/shared/failed"
)

const (
	columns   = 80
	shownText = 4 << 10 // of one text; --json has all of it
)

// printFailed writes a list that fits into 80 columns: each event with its reason, and who it is about.
func printFailed(out goio.Writer, list failed.List, class string) error {
	if len(list.Failed) == 0 {
		fmt.Fprintln(out, "There are no failed events"+ofClass(class)+".")
		return nil
	}
	const line = "%-24s  %-20s  %-19s  %s"
	fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf(line, "ID", "RECEIVED", "CLASS", ""), " "))
	for _, f := range list.Failed {
		mark := ""
		if f.Edited != "" {
			mark = "edited"
		}
		if f.Replayed != "" {
			mark = "replayed" // and not decided yet
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf(line, f.ID, inUTC(f.Received), f.Class, mark), " "))
		fmt.Fprintln(out, "  "+short(aboutFailed(f), columns-2))
		fmt.Fprint(out, wrapped(strings.TrimPrefix(f.Field+": ", ": ")+f.Reason, "  "))
	}
	if list.Next != nil {
		fmt.Fprintf(out, "There are more; --limit %d shows as many again.\n", 2*len(list.Failed))
	}
	return nil
}

// printDocument writes everything known of one failed event.
func printDocument(out goio.Writer, d failed.Document) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "%-9s %s\n", name, value)
		}
	}
	line("id", d.ID)
	line("class", d.Class)
	line("field", d.Field)
	fmt.Fprintf(out, "%-9s %s", "reason", strings.TrimLeft(wrapped(d.Reason, strings.Repeat(" ", 10)), " "))
	line("source", printable(d.Source))
	line("route", string(d.Type))
	line("received", fmt.Sprintf("%s, request %s, event %d", d.Received, printable(d.Request), d.Index))
	line("release", d.Handler)
	line("sent at", d.SentAt)
	line("replayed", d.Replayed)
	line("expires", d.Expires)
	if len(d.Context) > 0 {
		printText(out, "context of the batch", string(d.Context))
	}
	printText(out, fmt.Sprintf("original, %d bytes", d.Bytes), d.Original)
	if d.Edit != nil {
		printText(out, "edited "+d.Edit.At, d.Edit.Text)
	}
	switch {
	case d.Verdict.Accepted && d.Whole:
		fmt.Fprintln(out, "This release can read the message; a replay needs the workspace that it names.")
		return
	case d.Verdict.Accepted:
		fmt.Fprintln(out, "A replay would be accepted.")
		return
	}
	fmt.Fprint(out, wrapped(fmt.Sprintf("A replay would fail: %s, %s", d.Verdict.Class, d.Verdict.Reason), ""))
}

// printText writes a text that others sent, indented and without characters that steer a terminal.
func printText(out goio.Writer, title, text string) {
	text = indented(text)
	rest := ""
	if len(text) > shownText {
		text, rest = strings.ToValidUTF8(text[:shownText], ""), "\n  … --json has all of it"
	}
	fmt.Fprintf(out, "%s\n  %s%s\n", title, strings.ReplaceAll(printable(text), "\n", "\n  "), rest)
}

// printMessages writes a sample of dead letters that fits into 80 columns.
func printMessages(out goio.Writer, letters failed.Messages) error {
	if len(letters.Dead) > 0 {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "WORKSPACE\tSOURCE\tQUEUED\tEVENTS\tRECEIVES\tREQUEST")
		for _, l := range letters.Dead {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", short(l.Workspace, 12), short(l.Source, 11), inUTC(l.Queued), l.Events, l.Receives, short(l.Request, 12))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s seen. Letters in flight are never seen", countIs(len(letters.Dead), "dead letter"))
	if !letters.Complete {
		fmt.Fprint(out, ", and there may be more")
	}
	fmt.Fprintln(out, ".")
	return nil
}

func ofClass(class string) string {
	if class == "" {
		return ""
	}
	return " of the class " + printable(class)
}

// inUTC is an instant for people, up to the minute and with its zone; what is none stays as it is.
func inUTC(instant string) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}

// short cuts a text to so many characters.
func short(text string, most int) string {
	runes := []rune(printable(text))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}

// printable replaces characters that would steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// wrapped breaks a sentence into lines that fit, each behind an indent.
func wrapped(text, indent string) string {
	var out strings.Builder
	width := 0
	for _, word := range strings.Fields(printable(text)) {
		switch {
		case width == 0:
			out.WriteString(indent)
			width = len(indent)
		case width+1+len([]rune(word)) > columns:
			out.WriteString("\n" + indent)
			width = len(indent)
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += len([]rune(word))
	}
	return out.String() + "\n"
}
