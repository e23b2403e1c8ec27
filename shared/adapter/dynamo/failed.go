package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// A failed event is an item F and a line in the workspace's list. The rules of F are:
//
//	b, o, n   what was received and its bytes, which n more items continue when they are many; written once
//	v         the newest verdict
//	e, et     the edited text and when it was edited
//	r         when it was replayed, until it fails again
//	d         it is done with, accepted or discarded: nothing else is left, and nothing brings it back
//	i         its sort key in the list
const (
	replayWorkers = 16
)

func failedList(workspace string) string { return partition(workspace, "failed") }

func failedEvent(workspace, id string) address {
	return address{partition(workspace, "failed#"+id), "F"}
}

// change is one conditional update of a failed event.
type change struct {
	expression string
	condition  string
	values     item
}

func (t *Table) changeFailed(ctx context.Context, workspace, id string, c change) (item, error) {
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: failedEvent(workspace, id).item(), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression: &c.expression, ConditionExpression: &c.condition, ExpressionAttributeValues: c.values,
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

const isOpen = "attribute_exists(b) AND attribute_not_exists(d)"

// PutFailed keeps a failed event for 30 days from its receipt. Of one that is kept already only the verdict changes, and not even that once it
// was edited; one that is done with stays so. Errors: fault.Unavailable.
func (t *Table) PutFailed(ctx context.Context, f event.Failed) error {
	expires := number(f.Expires().Time().Unix())
	original, err := t.putParts(ctx, f, expires)
	if err != nil || original.done {
		return err
	}
	document, verdict := f, f.Verdict()
	document.Original, document.Edited, document.EditedAt, document.Replayed = "", "", 0, 0
	body, err := t.codec.pack(document)
	if err != nil {
		return fmt.Errorf("encode failed event: %w", err)
	}
	judged, err := t.codec.pack(verdict)
	if err != nil {
		return fmt.Errorf("encode verdict: %w", err)
	}
	place := fmt.Sprintf("%015d#%s", f.Received, fit(f.ID, maxSKBytes-16))
	c := change{
		expression: "SET b = if_not_exists(b, :b), o = if_not_exists(o, :o), n = if_not_exists(n, :n), " +
			"i = if_not_exists(i, :i), expires_at = if_not_exists(expires_at, :x), v = :v",
		condition: "attribute_not_exists(d) AND attribute_not_exists(e)",
		values: item{
			":b": binary(body), ":o": binary(original.first), ":n": number(original.more), ":i": text(place), ":x": expires, ":v": binary(judged),
		},
	}
	if err := c.values.checkSize(); err != nil {
		return fmt.Errorf("write failed event: %w", err)
	}
	written, err := t.changeFailed(ctx, f.Workspace, f.ID, c)
	if conditionFailed(err) {
		return nil
	}
	if err != nil {
		return translate("write failed event", err)
	}
	return t.list(ctx, f.Workspace, f.ID, f.Class, written)
}

// list writes the line of a failed event at its place, which is set once: a copy with another time of receipt must not enter the list a second
// time.
func (t *Table) list(ctx context.Context, workspace, id, class string, f item) error {
	line := address{failedList(workspace), f.text("i")}.item()
	line["c"], line["id"], line["expires_at"] = text(class), text(id), f["expires_at"]
	return translate("list failed event", t.put(ctx, line, condition{}))
}

// FailedAgain gives a failed event that was replayed in vain its newest verdict. One that is done with, or not there any more, stays so.
// Errors: fault.Unavailable.
func (t *Table) FailedAgain(ctx context.Context, workspace, id string, v event.Verdict) error {
	judged, err := t.codec.pack(v)
	if err != nil {
		return fmt.Errorf("encode verdict: %w", err)
	}
	written, err := t.changeFailed(ctx, workspace, id, change{"SET v = :v REMOVE r", isOpen, item{":v": binary(judged)}})
	if conditionFailed(err) {
		return nil
	}
	if err != nil {
		return translate("write failed event", err)
	}
	return t.list(ctx, workspace, id, v.Class, written)
}

// EditFailed keeps a text that a replay sends in place of the original, which stays beside it, and gives the record as it is then. Errors:
// fault.NotFound with code unknown_failed_event; fault.Conflict with code replay_on_its_way, since the replay in flight has the text from
// before; fault.Unavailable.
func (t *Table) EditFailed(ctx context.Context, workspace, id, edited string, at event.Millis) (event.Failed, error) {
	written, err := t.changeFailed(ctx, workspace, id, change{
		"SET e = :e, et = :at", isOpen + " AND expires_at > :now AND (attribute_not_exists(r) OR r < :gone)",
		item{
			":e": binary(t.codec.compress([]byte(edited))), ":at": number(int64(at)), ":now": number(t.Now().Unix()),
			":gone": number(int64(at.Add(-event.LifeOfMessage))),
		},
	})
	if conditionFailed(err) {
		if _, err := t.FailedByID(ctx, workspace, id); err != nil {
			return event.Failed{}, err
		}
		return event.Failed{}, fault.New(fault.Conflict, "replay_on_its_way", "the event was replayed and is not decided yet: look at it again in a moment")
	}
	if err != nil {
		return event.Failed{}, translate("edit failed event", err)
	}
	return t.failedIn(ctx, written)
}

// ReplayFailed notes that failed events go back on the queue, and gives each as it was at that moment, so that no edit can come in between;
// ids that are not there are left out. Errors: fault.Unavailable, and then some may be noted.
func (t *Table) ReplayFailed(ctx context.Context, workspace string, ids []string, at event.Millis) ([]event.Failed, error) {
	found := make([]*event.Failed, len(ids))
	err := parallel(ctx, len(ids), replayWorkers, func(ctx context.Context, n int) error {
		written, err := t.changeFailed(ctx, workspace, ids[n], change{
			"SET r = :at", isOpen + " AND expires_at > :now", item{":at": number(int64(at)), ":now": number(t.Now().Unix())},
		})
		if conditionFailed(err) {
			return nil
		}
		if err != nil {
			return err
		}
		f, err := t.failedIn(ctx, written)
		found[n] = &f
		return err
	})
	if err != nil {
		return nil, translate("note replay", err)
	}
	var out []event.Failed
	for _, f := range found {
		if f != nil {
			out = append(out, *f)
		}
	}
	return out, nil
}

// DeleteFailed is done with a failed event, which was accepted or is not wanted. Nothing brings it back: neither a late copy of its message nor
// a second replay. One that is not there is no error.
func (t *Table) DeleteFailed(ctx context.Context, workspace, id string) error {
	i, err := t.get(ctx, failedEvent(workspace, id))
	if err != nil || i == nil || i["d"] != nil {
		return translate("read failed event", err)
	}
	// The line of the list first: after a crash in between the event is still there, and the next call finds it.
	if err := t.delete(ctx, address{failedList(workspace), i.text("i")}); err != nil {
		return translate("unlist failed event", err)
	}
	for n := range i.number("n") {
		if err := t.delete(ctx, failedPart(workspace, id, int(n))); err != nil {
			return translate("delete part of failed event", err)
		}
	}
	_, err = t.changeFailed(ctx, workspace, id, change{
		"SET d = :now REMOVE b, o, n, v, e, et, r", "attribute_exists(b)", item{":now": number(t.Now().Unix())},
	})
	if conditionFailed(err) {
		return nil // another call was first
	}
	return translate("delete failed event", err)
}

// Failed lists failed events, the one received last first, of one class or of all ("" for class). Next is the cursor of the next page, "" when
// this is the last. Errors: fault.Invalid with code bad_cursor.
func (t *Table) Failed(ctx context.Context, workspace, class, cursor string, limit int) (page []event.Failed, next string, err error) {
	behind, ok := event.Place(cursor)
	if !ok {
		return nil, "", fault.New(fault.Invalid, "bad_cursor", "the cursor is not one that a list of failed events gave").At("cursor")
	}
	var lines []item
	for line, err := range t.query(ctx, t.failedSpan(workspace, class, behind, limit)) {
		if err != nil {
			return nil, "", translate("list failed events", err)
		}
		if len(lines) == max(limit, 1) {
			next = event.Cursor(lines[len(lines)-1].text("SK"))
			break
		}
		lines = append(lines, line)
	}
	page, err = t.failedEvents(ctx, workspace, lines)
	return page, next, err
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
		if !found || document["d"] != nil {
			continue // deleted since the list was read
		}
		f, err := t.failedIn(ctx, document)
		if err != nil {
			return nil, err
		}
		events = append(events, f)
	}
	return events, nil
}

// failedIn reads what stands in an item F and the parts that continue it.
func (t *Table) failedIn(ctx context.Context, i item) (event.Failed, error) {
	var f event.Failed
	if err := t.unpack(i, &f); err != nil {
		return f, err
	}
	verdict := f.Verdict()
	if judged := i.binary("v"); judged != nil {
		if err := t.codec.unpack(judged, &verdict); err != nil {
			return f, fmt.Errorf("decode verdict: %w", err)
		}
	}
	f = f.Judged(verdict)
	original, err := t.original(ctx, f, i)
	if err != nil {
		return f, err
	}
	edited, err := t.codec.expand(i.binary("e"))
	if err != nil {
		return f, fmt.Errorf("decode edited event: %w", err)
	}
	f.Original, f.Edited, f.EditedAt, f.Replayed = original, string(edited), event.Millis(i.number("et")), event.Millis(i.number("r"))
	return f, nil
}

// FailedByID reads one failed event; fault.NotFound when there is none, it has expired or it is done with.
func (t *Table) FailedByID(ctx context.Context, workspace, id string) (event.Failed, error) {
	i, err := t.get(ctx, failedEvent(workspace, id))
	if err != nil {
		return event.Failed{}, translate("read failed event", err)
	}
	if i == nil || i["d"] != nil || i.number("expires_at") <= t.Now().Unix() {
		return event.Failed{}, fault.New(fault.NotFound, "unknown_failed_event",
			"there is no failed event of this id: it was accepted or discarded, or is older than 30 days")
	}
	return t.failedIn(ctx, i)
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
