package steps_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/parquet-go/parquet-go"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// older is a row as releases before version 4 of the definitions wrote it.
type older struct {
	Person     string `parquet:"person,dict"`
	Run        int64  `parquet:"run,delta"`
	Position   int32  `parquet:"position,delta"`
	Time       int64  `parquet:"time,timestamp(millisecond),delta"`
	Type       string `parquet:"type,dict"`
	Identifier string `parquet:"identifier,dict"`
	MessageID  string `parquet:"message_id"`
	Source     string `parquet:"source,dict"`
	Event      string `parquet:"event,dict"`

	Channel  string `parquet:"channel,dict"`
	Campaign string `parquet:"campaign,dict"`
	Country  string `parquet:"country,dict"`
	Device   string `parquet:"device,dict"`

	Session         int32  `parquet:"session,delta"`
	SessionStart    bool   `parquet:"session_start"`
	SessionChannel  string `parquet:"session_channel,dict"`
	SessionCampaign string `parquet:"session_campaign,dict"`
	SessionCountry  string `parquet:"session_country,dict"`

	StageBefore string `parquet:"stage_before,dict"`
	Stage       string `parquet:"stage,dict"`

	FirstEver    bool   `parquet:"first_ever"`
	Visitor      string `parquet:"visitor,dict"`
	FirstChannel string `parquet:"first_channel,dict"`
	FirstMonth   string `parquet:"first_month,dict"`
	OrderMonth   string `parquet:"order_month,dict"`

	OrderID     *string `parquet:"order_id,optional"`
	OrderEvent  *string `parquet:"order_event,optional,dict"`
	Amount      *int64  `parquet:"amount,optional,decimal(6:18)"`
	Currency    *string `parquet:"currency,optional,dict"`
	OrderNumber *int32  `parquet:"order_number,optional"`

	OrderChannel  *string `parquet:"order_channel,optional,dict"`
	OrderCampaign *string `parquet:"order_campaign,optional,dict"`
	OrderSource   *string `parquet:"order_source,optional,dict"`
	OrderCountry  *string `parquet:"order_country,optional,dict"`
	OrderDevice   *string `parquet:"order_device,optional,dict"`
	OrderStage    *string `parquet:"order_stage,optional,dict"`
	OrderVisitor  *string `parquet:"order_visitor,optional,dict"`
}

// What earlier releases wrote is read, with the columns that came later empty, and merges with what is written now.
func TestOlderObjects(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	row := older{
		Person: "user:1", Run: 1, Time: 1772355600000, Type: "track", Identifier: "user:1", MessageID: "m1", Source: "web", Event: "Order Completed",
		Device: "mobile", Session: 1, SessionStart: true, SessionChannel: "email", Stage: "purchase", Visitor: "new", FirstMonth: "2026-03",
		OrderID: text("o1"), OrderEvent: text("completed"), Amount: new(int64(5)), Currency: text("EUR"), OrderNumber: new(int32(1)),
		OrderChannel: text("email"), OrderCampaign: text(""), OrderSource: text("web"), OrderCountry: text(""), OrderDevice: text("mobile"),
		OrderStage: text("purchase"), OrderVisitor: text("new"),
	}
	var body bytes.Buffer
	w := parquet.NewGenericWriter[older](&body)
	_, err := w.Write([]older{row})
	must(t, err)
	must(t, w.Close())
	object := body.Bytes()
	at := len(object) - 8 - int(binary.LittleEndian.Uint32(object[len(object)-8:]))
	sealed := binary.LittleEndian.AppendUint32(bytes.Clone(object[:at]), crc32.ChecksumIEEE(object)) // where ours have their checksum
	o := objects{"steps/workspace=shop/day=2026-03-01/part=run-000000000001.parquet": append(sealed, object[at:]...)}

	order := step.Order{ID: "o1", Kind: event.Completed, Amount: 5, Currency: "EUR", Number: 1}
	order.Origin = step.Origin{Channel: "email", Source: "web", Device: "mobile", Stage: "purchase", Visitor: "new"}
	want := []step.Row{{
		Person: "user:1", Identifier: "user:1", At: 1772355600000, ID: "m1", Type: event.Track, Source: "web", Event: "Order Completed",
		Device: "mobile", Session: 1, SessionStart: true, SessionChannel: "email", Stage: "purchase", Visitor: "new", FirstMonth: "2026-03", Order: &order,
	}}
	table := steps.New(o)
	read := func() (got []step.Row) {
		for rows, err := range table.Steps(t.Context(), "shop", []string{"2026-03-01"}, step.AllColumns) {
			must(t, err)
			got = append(got, rows...)
		}
		return got
	}
	if got := read(); shown(got) != shown(want) {
		t.Errorf("got %s\nwant %s", shown(got), shown(want))
	}
	newer := want[0]
	newer.Person, newer.Page, newer.SessionPages = "user:2", "/cart", 3
	day := byDay([][]step.Row{{newer}}, false, func(rows []step.Row) []step.Row { return rows })[0]
	must(t, table.PutSteps(t.Context(), "shop", 2, day))
	must(t, table.CompactSteps(t.Context(), "shop", "2026-03-01"))
	if got := read(); len(got) != 2 || shown(got) != shown(append(want[:1:1], newer)) && shown(got) != shown(append([]step.Row{newer}, want[0])) {
		t.Errorf("after a compaction got %s", shown(got))
	}
}
