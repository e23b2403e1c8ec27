package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"strings"

	"waymark/shared/failed"
)

const failedUsage = `waymark failed list [--class CLASS] [--limit N]
waymark failed show ID
waymark failed edit ID [--file FILE]         without a file, in $EDITOR
waymark failed replay ID... | --class CLASS | --all
waymark failed discard ID... | --class CLASS | --all
waymark failed dead [--limit N]              messages that failed five times
waymark failed redrive                       put those back on their way

Events that could not be processed are kept for 30 days; docs/failed.md explains
their classes. The secret key says whose they are. An operator gives --workspace
NAME in its place, which works on the table and the queues themselves: _unknown
for messages that belong to nobody, and '*' for the dead letters of all.
Every command has --json.
`

// failedFlags are the flags of `waymark failed`, and the ids that stand between them.
type failedFlags struct {
	class, file, workspace string
	limit                  int
	all, json              bool
	ids                    []string
}

// failedActions are the words after `waymark failed`.
var failedActions = map[string]func(ctx context.Context, o backend, flags failedFlags, io stdio) error{
	"list": failedList, "show": failedShow, "edit": failedEdit, "replay": failedReplay, "discard": failedDiscard,
	"dead": failedDead, "redrive": failedRedrive,
}

// errUsage ends a command that was called wrongly; why stands before it.
var errUsage = errors.New("see `waymark failed -h`")

// cmdFailed lists, shows, edits, replays and discards failed events, and looks at and redrives dead letters.
func cmdFailed(ctx context.Context, args []string, io stdio) int {
	var flags failedFlags
	set := flag.NewFlagSet("waymark failed", flag.ContinueOnError)
	withUsage(set, failedUsage)
	a := apiFlags(set)
	set.StringVar(&flags.class, "class", "", "failed events of this class alone")
	set.StringVar(&flags.file, "file", "", "file that holds the corrected event, - for standard input")
	set.StringVar(&flags.workspace, "workspace", "", "as an operator, on the table and the queues themselves")
	set.IntVar(&flags.limit, "limit", 50, "most to show")
	set.BoolVar(&flags.all, "all", false, "all failed events")
	set.BoolVar(&flags.json, "json", false, "print JSON")
	words, code, done := parseWords(set, args, io)
	if done {
		return code
	}
	name := strings.Join(words[:min(len(words), 1)], "")
	action, known := failedActions[name]
	if !known {
		set.Usage()
		return 2
	}
	flags.ids = words[1:]
	if flags.limit < 1 {
		fmt.Fprintf(io.Err, "waymark failed %s: --limit is 1 or more: %v\n", name, errUsage)
		return 2
	}
	o, err := backendFor(ctx, a, flags.workspace)
	if err == nil {
		err = action(ctx, o, flags, io)
	}
	if err != nil {
		fmt.Fprintf(io.Err, "waymark failed %s: %v\n", name, err)
	}
	switch {
	case errors.Is(err, errUsage):
		return 2
	case err != nil:
		return 1
	}
	return 0
}

// oneID is the id that a command needs.
func (f failedFlags) oneID() (string, error) {
	if len(f.ids) != 1 {
		return "", fmt.Errorf("name one failed event by its id: %w", errUsage)
	}
	return f.ids[0], nil
}

// pages asks for one page after the other until it has as many as are wanted.
func pages(ctx context.Context, o backend, flags failedFlags) (failed.List, error) {
	const page = 500 // most that one answer holds
	list := failed.List{Failed: []failed.Row{}}
	for cursor := ""; len(list.Failed) < flags.limit; {
		next, err := o.list(ctx, flags.class, cursor, min(flags.limit-len(list.Failed), page))
		if err != nil {
			return failed.List{}, err
		}
		list.Failed, list.Next = append(list.Failed, next.Failed...), next.Next
		if next.Next == nil {
			break
		}
		cursor = *next.Next
	}
	return list, nil
}

func failedList(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	list, err := pages(ctx, o, flags)
	if err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(list)
	}
	return printFailed(io.Out, list, flags.class)
}

func failedShow(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	id, err := flags.oneID()
	if err != nil {
		return err
	}
	shown, err := o.show(ctx, id)
	if err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(shown)
	}
	printDocument(io.Out, shown)
	return nil
}

// failedReplay goes on page by page, and says how far it is.
func failedReplay(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	order := failed.Order{IDs: flags.ids, Class: flags.class, All: flags.all}
	total := failed.Replayed{Success: true, Missing: []string{}, Unreadable: []string{}}
	for {
		page, err := o.replay(ctx, order)
		if err != nil {
			return fmt.Errorf("after %d that are queued: %w", total.Replayed, err)
		}
		total.Replayed += page.Replayed
		total.Missing, total.Unreadable = append(total.Missing, page.Missing...), append(total.Unreadable, page.Unreadable...)
		if page.Next == nil {
			break
		}
		order.Cursor = *page.Next
		fmt.Fprintf(io.Err, "%d are queued\n", total.Replayed)
	}
	if flags.json {
		if err := json.NewEncoder(io.Out).Encode(total); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(io.Out, "%s back on the queue; what is accepted leaves the list.\n", countIs(total.Replayed, "event"))
	}
	switch {
	case len(total.Missing) > 0:
		return fmt.Errorf("not there: %s", strings.Join(total.Missing, " "))
	case len(total.Unreadable) > 0:
		return fmt.Errorf("this release cannot read: %s", strings.Join(total.Unreadable, " "))
	}
	return nil
}

// failedDiscard discards the events of some ids, or those of a class that were there when it began.
func failedDiscard(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	ways := 0
	for _, isGiven := range []bool{len(flags.ids) > 0, flags.class != "", flags.all} {
		if isGiven {
			ways++
		}
	}
	if ways != 1 {
		return fmt.Errorf("name the failed events by their ids, by --class or by --all: %w", errUsage)
	}
	ids := flags.ids
	if len(ids) == 0 {
		flags.limit = math.MaxInt
		list, err := pages(ctx, o, flags)
		if err != nil {
			return err
		}
		for _, f := range list.Failed {
			ids = append(ids, f.ID)
		}
	}
	for n, id := range ids {
		if err := o.discard(ctx, id); err != nil {
			return fmt.Errorf("after %d that are discarded: %s: %w", n, id, err)
		}
		if (n+1)%1000 == 0 {
			fmt.Fprintf(io.Err, "%d of %d are discarded\n", n+1, len(ids))
		}
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(map[string]any{"success": true, "discarded": len(ids)})
	}
	if len(ids) == 0 {
		fmt.Fprintln(io.Out, "There are no failed events"+ofClass(flags.class)+"; nothing is discarded.")
		return nil
	}
	fmt.Fprintf(io.Out, "%s discarded.\n", countIs(len(ids), "event"))
	return nil
}

func failedDead(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	letters, err := o.dead(ctx, flags.limit)
	if err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(letters)
	}
	return printMessages(io.Out, letters)
}

// failedRedrive goes on while it finds some: what it does not see at first may lie behind what it moves.
func failedRedrive(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	total := failed.Redriven{Success: true}
	for {
		some, err := o.redrive(ctx)
		if err != nil {
			return fmt.Errorf("after %d that are queued: %w", total.Redriven, err)
		}
		total.Redriven, total.More = total.Redriven+some.Redriven, some.More
		if !some.More || some.Redriven == 0 {
			break
		}
		fmt.Fprintf(io.Err, "%d are queued\n", total.Redriven)
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(total)
	}
	fmt.Fprintf(io.Out, "%s back on the queue.\n", countIs(total.Redriven, "message"))
	if total.More {
		fmt.Fprintln(io.Out, "Those of other workspaces lie before the rest: an operator redrives them all with\n--workspace '*'.")
	}
	return nil
}

// countIs writes "1 event is", "2 events are".
func countIs(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}
