package dynamo

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// keepFailed is how long a failed event can be replayed.
const keepFailed = 30 * 24 * time.Hour

func failedList(workspace string) string { return partition(workspace, "failed") }

func failedEvent(workspace, id string) address {
	return address{partition(workspace, "failed#"+id), "F"}
}

// PutFailed keeps a failed event for 30 days from its receipt. One of the same id is replaced and keeps its place in the list.
func (t *Table) PutFailed(ctx context.Context, f event.Failed) error {
	original := t.codec.compress([]byte(f.Original))
	place := fmt.Sprintf("%015d#%s", f.Received, fit(f.ID, maxSKBytes-16))
	expires := number(f.Received.Add(keepFailed).Time().Unix())
	document := f
	document.Original = ""
	body, err := t.codec.pack(document)
	if err != nil {
		return fmt.Errorf("encode failed event: %w", err)
	}
	values := item{":b": binary(body), ":o": binary(original), ":i": text(place), ":x": expires}
	if err := values.checkSize(); err != nil {
		return fmt.Errorf("write failed event: %w", err)
	}
	// The place is set once and kept for good: a copy with another time of receipt must not enter the list a second time.
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: failedEvent(f.Workspace, f.ID).item(), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression:          aws.String("SET b = :b, o = :o, expires_at = :x, i = if_not_exists(i, :i)"),
		ExpressionAttributeValues: values,
	})
	if err != nil {
		return translate("write failed event", err)
	}
	line := address{failedList(f.Workspace), item(out.Attributes).text("i")}.item()
	line["c"], line["id"], line["expires_at"] = text(f.Class), text(f.ID), expires
	return translate("list failed event", t.put(ctx, line, condition{}))
}

// Failed lists failed events, the one received last first, of one class or of all ("" for class). Next is the cursor of the next page, "" when
// this is the last. Errors: fault.Invalid with code bad_cursor.
func (t *Table) Failed(ctx context.Context, workspace, class, cursor string, limit int) (page []event.Failed, next string, err error) {
	behind, err := readPlace(cursor)
	if err != nil {
		return nil, "", err
	}
	var lines []item
	for line, err := range t.query(ctx, t.failedSpan(workspace, class, behind, limit)) {
		if err != nil {
			return nil, "", translate("list failed events", err)
		}
		if len(lines) == max(limit, 1) {
			next = base64.RawURLEncoding.EncodeToString([]byte(lines[len(lines)-1].text("SK")))
			break
		}
		lines = append(lines, line)
	}
	page, err = t.failedEvents(ctx, workspace, lines)
	return page, next, err
}

// readPlace reads a cursor, which is the place that a page ended at. One that no list gave must not reach the store as a key.
func readPlace(cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	place := string(raw)
	if err == nil && (place == "" || isPlace(place)) {
		return place, nil
	}
	return "", fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that a list of failed events gave").At("cursor")
}

// isPlace says whether a text has the form of a place in the list: the time of receipt in 15 digits, and an id.
func isPlace(place string) bool {
	received, _, found := strings.Cut(place, "#")
	_, err := strconv.ParseUint(received, 10, 64)
	return found && err == nil && len(received) == 15 && len(place) <= maxSKBytes && utf8.ValidString(place)
}

func (t *Table) failedSpan(workspace, class, behind string, limit int) span {
	s := span{pk: failedList(workspace), newest: true, after: behind, filter: t.alive()}
	if class != "" {
		s.filter.expression += " AND c = :c"
		s.filter.values[":c"] = text(class)
	}
	if class == "" {
		s.limit = int32(min(max(limit, 1)+1, 1000))
	}
	return s
}

// alive is the filter for items that have not expired: DynamoDB deletes them up to days later.
func (t *Table) alive() condition {
	return condition{expression: "expires_at > :now", values: item{":now": number(t.Now().Unix())}}
}

func (t *Table) failedEvents(ctx context.Context, workspace string, lines []item) ([]event.Failed, error) {
	addresses := make([]address, len(lines))
	for n, line := range lines {
		addresses[n] = failedEvent(workspace, line.text("id"))
	}
	documents, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, translate("read failed events", err)
	}
	var events []event.Failed
	for _, at := range addresses {
		document, found := documents[at]
		if !found {
			continue // deleted since the list was read
		}
		f, err := t.failedIn(document)
		if err != nil {
			return nil, err
		}
		events = append(events, f)
	}
	return events, nil
}

func (t *Table) failedIn(i item) (event.Failed, error) {
	var f event.Failed
	if err := t.unpack(i, &f); err != nil {
		return f, err
	}
	original, err := t.codec.expand(i.binary("o"))
	if err != nil {
		return f, fmt.Errorf("decode failed event: %w", err)
	}
	f.Original = string(original)
	return f, nil
}

// FailedByID reads one failed event; fault.NotFound when there is none or it has expired.
func (t *Table) FailedByID(ctx context.Context, workspace, id string) (event.Failed, error) {
	i, err := t.get(ctx, failedEvent(workspace, id))
	if err != nil {
		return event.Failed{}, translate("read failed event", err)
	}
	if i == nil || i.number("expires_at") <= t.Now().Unix() {
		return event.Failed{}, fault.New(fault.NotFound, "unknown_failed_event", "there is no failed event of this id; they are kept for 30 days")
	}
	return t.failedIn(i)
}

// FailedCounts counts the failed events of each class.
func (t *Table) FailedCounts(ctx context.Context, workspace string) (map[string]int, error) {
	counts := map[string]int{}
	for line, err := range t.query(ctx, span{pk: failedList(workspace), filter: t.alive(), only: "c"}) {
		if err != nil {
			return nil, translate("count failed events", err)
		}
		counts[line.text("c")]++
	}
	return counts, nil
}

// DeleteFailed removes a failed event; one that is gone is gone.
func (t *Table) DeleteFailed(ctx context.Context, workspace, id string) error {
	at := failedEvent(workspace, id)
	i, err := t.get(ctx, at)
	if err != nil || i == nil {
		return translate("read failed event", err)
	}
	// The line of the list first: after a crash in between the event is still there, and the next call finds it.
	if err := t.delete(ctx, address{failedList(workspace), i.text("i")}); err != nil {
		return translate("unlist failed event", err)
	}
	return translate("delete failed event", t.delete(ctx, at))
}
