package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// noStage stands for the persons who are in no stage. It is the name of no stage: those have letters, digits, - and _.
const noStage = "."

// noDay stands for the day of persons without a step, and sorts before every other.
const noDay = "0"

func listedStages(ns workspace.Namespace) string { return partition(ns, "people") }

func peopleIn(ns workspace.Namespace, stage string) string { return partition(ns, "people#"+stage) }

// orElse is text, or what stands for none.
func orElse(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// PutListings adds listings to the lists of persons, under the run that made them and their place among all of the
// run's: writing them again changes nothing. After an error some may be written.
func (t *Table) PutListings(ctx context.Context, ns workspace.Namespace, run int64, listings []ledger.Listing) error {
	var writes []types.WriteRequest
	stages := map[address]bool{}
	for place, l := range listings {
		stage := orElse(l.Stage, noStage)
		stages[address{listedStages(ns), stage}] = true
		bodies, err := split(t.codec, l.Persons, halvePersons)
		if err != nil {
			return fmt.Errorf("encode listing: %w", err)
		}
		sk := fmt.Sprintf("%s#%s#%05d", orElse(l.Day, noDay), runText(run), place)
		writes = append(writes, puts(several(peopleIn(ns, stage), sk, bodies))...)
	}
	for at := range stages {
		if !t.isListed(at) {
			writes = append(writes, putRequest(at.item()))
		}
	}
	if err := t.bulkWrite(ctx, writes); err != nil {
		return translate("write listings", err)
	}
	t.noteListed(stages)
	return nil
}

func halvePersons(ids []event.Identifier) (first, second []event.Identifier, ok bool) {
	half := len(ids) / 2
	return ids[:half], ids[half:], half > 0
}

// isListed says whether this process has written a stage down as listed.
func (t *Table) isListed(at address) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.listed[at]
}

func (t *Table) noteListed(stages map[address]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range stages {
		t.listed[at] = true
	}
}

// forgetListed forgets that stages of a workspace were written down.
func (t *Table) forgetListed(ns workspace.Namespace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range t.listed {
		if at.pk == listedStages(ns) {
			delete(t.listed, at)
		}
	}
}

// Listings reads the listings of a stage, "" for none, the newest day first, from behind a cursor on, limit at most.
// next is the cursor to go on from, "" at the end.
func (t *Table) Listings(
	ctx context.Context, ns workspace.Namespace, stage, after string, limit int,
) (listings []ledger.Listing, next string, err error) {
	s := span{pk: peopleIn(ns, orElse(stage, noStage)), after: after, newest: true, limit: justOver(limit)}
	last := ""
	for i, err := range t.query(ctx, s) {
		if err != nil {
			return nil, "", translate("read listings", err)
		}
		if len(listings) == limit {
			return listings, last, nil
		}
		l := ledger.Listing{Stage: stage}
		if err := t.unpack(i, &l.Persons); err != nil {
			return nil, "", err
		}
		last = i.text("SK")
		if day, _, _ := strings.Cut(last, "#"); day != noDay {
			l.Day = day
		}
		listings = append(listings, l)
	}
	return listings, "", nil
}

// listingsAtOnce bounds how many listings one call of DynamoDB reads for Everybody. They are of one person or of
// thousands.
const listingsAtOnce = 100

// Everybody reads the persons of all lists, from behind a cursor on: so many at least, unless there are no more. One
// who is on several lists comes several times. next is the cursor to go on from, "" at the end.
func (t *Table) Everybody(
	ctx context.Context, ns workspace.Namespace, after string, limit int,
) (persons []event.Identifier, next string, err error) {
	stage, behind, _ := strings.Cut(after, "#")
	stages, err := t.keysFrom(ctx, listedStages(ns), stage)
	if err != nil {
		return nil, "", translate("read stages of lists", err)
	}
	last := ""
	for _, s := range stages {
		if s != stage {
			behind = ""
		}
		list := span{pk: peopleIn(ns, s), after: behind, limit: int32(min(max(limit, 1), listingsAtOnce))}
		for i, err := range t.query(ctx, list) {
			if err != nil {
				return nil, "", translate("read lists", err)
			}
			if last != "" && len(persons) >= limit {
				return persons, last, nil
			}
			var some []event.Identifier
			if err := t.unpack(i, &some); err != nil {
				return nil, "", err
			}
			persons, last = append(persons, some...), s+"#"+i.text("SK")
		}
	}
	return persons, "", nil
}

// keysFrom lists the sort keys of a partition that are not below one.
func (t *Table) keysFrom(ctx context.Context, pk, from string) ([]string, error) {
	var keys []string
	for i, err := range t.query(ctx, span{pk: pk, from: from, only: "SK"}) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, i.text("SK"))
	}
	return keys, nil
}
