package meter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"waymark/infra/cost/bill"
)

// dynamoDB counts what passes to and from a table. The rules are those of on-demand tables without indexes:
//   - A write takes one unit for each 1 KB of the larger of the item before and after it; a delete that of the item
//     before.
//   - A write whose condition fails takes that of the item that is there, at least one. In a transaction each write
//     takes double, also when it is cancelled.
//   - A read takes one unit for each 4 KB, half of it when it need not be consistent, double in a transaction. Each
//     item of a batch is rounded up by itself, all that one page of a query looks at together, whatever a filter or
//     a projection leaves of it.
//   - What is refused for another reason takes nothing.
//
// So it must know how large the items are that a write replaces: it remembers the sizes of all that passed.
type dynamoDB struct {
	keys map[string][]string // attributes of the primary key, by table

	mu      sync.Mutex
	sizes   map[string]int // bytes of the items that are there, by key
	unknown string         // a table without keys, in which sizes would be mixed up
}

// names of the errors whose calls are billed all the same.
const (
	conditionFailed = "ConditionalCheckFailedException"
	cancelled       = "TransactionCanceledException"
)

// write is one write of a call.
type write struct {
	Table string `json:"TableName"`
	Item  item   // of a put
	Key   item   // of the others
	kind  string // put, delete, update or check
}

// exchange is one call and its answer.
type exchange struct {
	operation string
	request   []byte
	status    int
	answer    []byte
	// makes another call, which is not billed
	again func(ctx context.Context, operation string, body []byte) ([]byte, error)
}

// failure is the name of the error that was answered; empty for none.
func (e exchange) failure() string {
	if e.status == http.StatusOK {
		return ""
	}
	var said struct {
		Type string `json:"__type"`
	}
	if err := json.Unmarshal(e.answer, &said); err != nil {
		return "unknown"
	}
	_, name, _ := strings.Cut(said.Type, "#")
	return name
}

// count adds what a call is billed.
func (d *dynamoDB) count(ctx context.Context, e exchange, add func(kind bill.Kind, parts int64)) error {
	err := d.price(ctx, e, add)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unknown != "" {
		return fmt.Errorf("the meter does not know the keys of table %q", d.unknown)
	}
	return err
}

func (d *dynamoDB) price(ctx context.Context, e exchange, add func(kind bill.Kind, parts int64)) error {
	failure := e.failure()
	if failure != "" && failure != conditionFailed && failure != cancelled {
		return nil
	}
	read := func(halves int64) { add(bill.DynamoRead, halves) }
	switch e.operation {
	case "GetItem", "BatchGetItem", "TransactGetItems":
		halves, err := d.gets(e)
		read(halves)
		return err
	case "Query", "Scan":
		halves, err := d.page(ctx, e)
		read(halves)
		return err
	case "PutItem", "DeleteItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems":
		units, err := d.writes(ctx, e, failure)
		add(bill.DynamoWrite, units)
		return err
	}
	return fmt.Errorf("the meter cannot price DynamoDB's %s", e.operation)
}

// gets counts reads by key.
func (d *dynamoDB) gets(e exchange) (int64, error) {
	var asked struct {
		TableName      string
		Key            item
		ConsistentRead bool
		RequestItems   map[string]struct {
			Keys           []item
			ConsistentRead bool
		}
		TransactItems []struct{ Get write }
	}
	if err := json.Unmarshal(e.request, &asked); err != nil {
		return 0, fmt.Errorf("read %s: %w", e.operation, err)
	}
	if e.operation == "GetItem" {
		return readHalves(d.sizeOf(asked.TableName, asked.Key), asked.ConsistentRead), nil
	}
	halves := int64(0)
	for table, wanted := range asked.RequestItems {
		for _, k := range wanted.Keys {
			halves += readHalves(d.sizeOf(table, k), wanted.ConsistentRead)
		}
	}
	for _, one := range asked.TransactItems {
		halves += 2 * readHalves(d.sizeOf(one.Get.Table, one.Get.Key), true)
	}
	return halves, nil
}

// page counts one page of a query or a scan. One that leaves out a part of what it looks at is made once more
// without a filter or projection, to see all of that.
func (d *dynamoDB) page(ctx context.Context, e exchange) (int64, error) {
	var asked map[string]json.RawMessage
	if err := json.Unmarshal(e.request, &asked); err != nil {
		return 0, fmt.Errorf("read %s: %w", e.operation, err)
	}
	if asked["IndexName"] != nil {
		return 0, fmt.Errorf("the meter cannot price a %s of an index", e.operation)
	}
	answer := e.answer
	if asked["FilterExpression"] != nil || asked["ProjectionExpression"] != nil || asked["Select"] != nil {
		whole, err := unfiltered(asked)
		if err != nil {
			return 0, err
		}
		if answer, err = e.again(ctx, e.operation, whole); err != nil {
			return 0, err
		}
	}
	var found struct{ Items []item }
	if err := json.Unmarshal(answer, &found); err != nil {
		return 0, fmt.Errorf("read answer of %s: %w", e.operation, err)
	}
	size := 0
	for _, i := range found.Items {
		size += i.size()
	}
	return readHalves(size, string(asked["ConsistentRead"]) == "true"), nil
}

// unfiltered is the same page without what takes parts of it away, and without the names and values that only this
// needed.
func unfiltered(asked map[string]json.RawMessage) ([]byte, error) {
	for _, field := range []string{"FilterExpression", "ProjectionExpression", "Select"} {
		delete(asked, field)
	}
	condition := string(asked["KeyConditionExpression"])
	for _, field := range []string{"ExpressionAttributeNames", "ExpressionAttributeValues"} {
		var placeholders map[string]json.RawMessage
		if asked[field] == nil {
			continue
		}
		if err := json.Unmarshal(asked[field], &placeholders); err != nil {
			return nil, fmt.Errorf("read %s: %w", field, err)
		}
		for name := range placeholders {
			if !mentions(condition, name) {
				delete(placeholders, name)
			}
		}
		delete(asked, field)
		if len(placeholders) == 0 {
			continue
		}
		encoded, err := json.Marshal(placeholders)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", field, err)
		}
		asked[field] = encoded
	}
	return json.Marshal(asked)
}

// mentions says whether an expression uses a placeholder, and not only one that begins alike.
func mentions(expression, placeholder string) bool {
	for {
		_, after, found := strings.Cut(expression, placeholder)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
			rune(after[0])) {
			return true
		}
		expression = after
	}
}

// writes counts the writes of a call and remembers what they left.
func (d *dynamoDB) writes(ctx context.Context, e exchange, failure string) (int64, error) {
	all, err := writesOf(e)
	if err != nil {
		return 0, err
	}
	factor := int64(1)
	if e.operation == "TransactWriteItems" {
		factor = 2
	}
	units := int64(0)
	var errs []error
	for _, w := range all {
		before := d.sizeOf(w.Table, w.target())
		after := before
		switch {
		case failure == conditionFailed || w.kind == "check":
		case w.kind == "put":
			after = w.Item.size()
		case w.kind == "update" && failure == "":
			after, err = d.look(ctx, e, w)
			errs = append(errs, err)
		}
		units += factor * writeUnits(max(before, after))
		if failure != "" {
			continue
		}
		if w.kind == "delete" {
			after = 0
		}
		d.remember(w, after)
	}
	return units, errors.Join(errs...)
}

func writesOf(e exchange) ([]write, error) {
	kinds := map[string]string{"PutItem": "put", "DeleteItem": "delete", "UpdateItem": "update"}
	if kind, single := kinds[e.operation]; single {
		w := write{kind: kind}
		if err := json.Unmarshal(e.request, &w); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.operation, err)
		}
		return []write{w}, nil
	}
	var asked struct {
		RequestItems map[string][]struct {
			PutRequest, DeleteRequest *write
		}
		TransactItems []struct {
			Put, Delete, Update, ConditionCheck *write
		}
	}
	if err := json.Unmarshal(e.request, &asked); err != nil {
		return nil, fmt.Errorf("read %s: %w", e.operation, err)
	}
	var all []write
	add := func(w *write, kind string) {
		if w != nil {
			w.kind = kind
			all = append(all, *w)
		}
	}
	for table, requests := range asked.RequestItems {
		for _, r := range requests {
			for _, w := range []*write{r.PutRequest, r.DeleteRequest} {
				if w != nil {
					w.Table = table
				}
			}
			add(r.PutRequest, "put")
			add(r.DeleteRequest, "delete")
		}
	}
	for _, t := range asked.TransactItems {
		add(t.Put, "put")
		add(t.Delete, "delete")
		add(t.Update, "update")
		add(t.ConditionCheck, "check")
	}
	return all, nil
}

// look reads how large an item is after an update, because the update does not say.
func (d *dynamoDB) look(ctx context.Context, e exchange, w write) (int, error) {
	body, err := json.Marshal(map[string]any{"TableName": w.Table, "Key": w.Key.encoded(), "ConsistentRead": true})
	if err != nil {
		return 0, fmt.Errorf("write key: %w", err)
	}
	answer, err := e.again(ctx, "GetItem", body)
	if err != nil {
		return 0, err
	}
	var found struct{ Item item }
	if err := json.Unmarshal(answer, &found); err != nil {
		return 0, fmt.Errorf("read item after an update: %w", err)
	}
	return found.Item.size(), nil
}

// encoded is a key in the form of the protocol, without the fields that are not set.
func (i item) encoded() map[string]map[string]any {
	out := map[string]map[string]any{}
	for name, v := range i {
		switch {
		case v.S != nil:
			out[name] = map[string]any{"S": *v.S}
		case v.N != nil:
			out[name] = map[string]any{"N": *v.N}
		case v.B != nil:
			out[name] = map[string]any{"B": *v.B}
		}
	}
	return out
}

// target is what of a write names the item.
func (w write) target() item {
	if w.kind == "put" {
		return w.Item
	}
	return w.Key
}

func (d *dynamoDB) sizeOf(table string, i item) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys[table] == nil {
		d.unknown = table
	}
	return d.sizes[key(table, d.keys[table], i)]
}

func (d *dynamoDB) remember(w write, size int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := key(w.Table, d.keys[w.Table], w.target())
	if size == 0 {
		delete(d.sizes, at)
		return
	}
	d.sizes[at] = size
}
