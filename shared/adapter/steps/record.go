package steps

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// record is a row of the table as it stands in objects. Workspace and day are in the key of the object.
type record struct {
	Person     string `parquet:"person,dict"`
	Run        int64  `parquet:"run,delta"`
	Position   int32  `parquet:"position,delta"`
	Time       int64  `parquet:"time,timestamp(millisecond),delta"`
	Type       string `parquet:"type,dict"`
	Identifier string `parquet:"identifier,dict"`
	MessageID  string `parquet:"message_id"`
	Source     string `parquet:"source,dict"`
	Grade      string `parquet:"grade,dict"`
	Event      string `parquet:"event,dict"`

	Channel  string `parquet:"channel,dict"`
	Campaign string `parquet:"campaign,dict"`
	Country  string `parquet:"country,dict"`
	Device   string `parquet:"device,dict"`
	Browser  string `parquet:"browser,dict"`
	OS       string `parquet:"os,dict"`
	Page     string `parquet:"page,dict"`

	Properties string `parquet:"properties,dict"`

	Session         int32  `parquet:"session,delta"`
	SessionStart    bool   `parquet:"session_start"`
	SessionChannel  string `parquet:"session_channel,dict"`
	SessionCampaign string `parquet:"session_campaign,dict"`
	SessionCountry  string `parquet:"session_country,dict"`
	SessionPages    int64  `parquet:"session_pages,delta"`
	SessionSeconds  int64  `parquet:"session_seconds,delta"`

	LandingPage    string `parquet:"landing_page,dict"`
	ReferrerHost   string `parquet:"referrer_host,dict"`
	ReferrerSource string `parquet:"referrer_source,dict"`
	ReferrerMedium string `parquet:"referrer_medium,dict"`
	SearchTerm     string `parquet:"search_term,dict"`

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

	OrderLandingPage  *string `parquet:"order_landing_page,optional,dict"`
	OrderReferrerHost *string `parquet:"order_referrer_host,optional,dict"`
	OrderBrowser      *string `parquet:"order_browser,optional,dict"`
	OrderOS           *string `parquet:"order_os,optional,dict"`
	OrderGrade        *string `parquet:"order_grade,optional,dict"`
}

// What the column type says besides the types of events.
const (
	typeNone = "none" // the person has no steps on this day: not a step
	typeTime = "time" // a change of stage that time made
	typeSent = "sent" // a change or refund of the person's order that another person sent
)

// maxAmount is what 18 decimal digits hold.
const maxAmount = 1_000_000_000_000_000_000 - 1

// check refuses what would be read otherwise than it was written.
func check(r step.Row) error {
	if r.Type == typeNone || r.Type == typeTime || r.Type == typeSent {
		return fmt.Errorf("a step of %s has the type %s", r.Person, r.Type)
	}
	if o := r.Order; o != nil && (o.Amount > maxAmount || o.Amount < -maxAmount) {
		return fmt.Errorf("the order %s has the amount %s", o.ID, o.Amount)
	}
	return nil
}

func recordOf(r step.Row, run int64, position int) record {
	out := record{
		Person: string(r.Person), Run: run, Position: int32(position),
		Time: int64(r.At), Type: cmp.Or(string(r.Type), typeTime),
		Identifier: string(r.Identifier), MessageID: string(r.ID), Source: r.Source, Grade: r.Grade, Event: r.Event,
		Channel: r.Channel, Campaign: r.Campaign, Country: r.Country, Device: r.Device,
		Browser: r.Browser, OS: r.OS, Page: r.Page, Properties: string(r.Properties),
		Session: int32(r.Session), SessionStart: r.SessionStart,
		SessionChannel: r.SessionChannel, SessionCampaign: r.SessionCampaign, SessionCountry: r.SessionCountry,
		SessionPages: r.SessionPages, SessionSeconds: r.SessionSeconds, LandingPage: r.LandingPage,
		ReferrerHost: r.Referrer.Host, ReferrerSource: r.Referrer.Source, ReferrerMedium: r.Referrer.Medium, SearchTerm: r.Referrer.Term,
		StageBefore: r.StageBefore, Stage: r.Stage,
		FirstEver: r.FirstEver, Visitor: r.Visitor,
		FirstChannel: r.FirstChannel, FirstMonth: r.FirstMonth, OrderMonth: r.OrderMonth,
	}
	if o := r.Order; o != nil {
		if r.Type == "" {
			out.Type = typeSent
		}
		amount, number := int64(o.Amount), int32(o.Number)
		kind := o.Kind.String()
		out.OrderID, out.OrderEvent, out.Amount = &o.ID, &kind, &amount
		out.Currency, out.OrderNumber = &o.Currency, &number
		at := o.Origin
		out.OrderChannel, out.OrderCampaign, out.OrderSource, out.OrderCountry = &at.Channel, &at.Campaign, &at.Source, &at.Country
		out.OrderDevice, out.OrderStage, out.OrderVisitor = &at.Device, &at.Stage, &at.Visitor
		out.OrderGrade = &at.Grade
		out.OrderLandingPage, out.OrderReferrerHost, out.OrderBrowser, out.OrderOS = &at.LandingPage, &at.ReferrerHost, &at.Browser, &at.OS
	}
	return out
}

// row fills in a row.
func (r *record) row(out *step.Row) {
	*out = step.Row{
		Person: event.Identifier(r.Person), Identifier: event.Identifier(r.Identifier),
		At: event.Millis(r.Time), ID: event.ID(r.MessageID), Type: event.Type(r.Type), Source: r.Source, Grade: r.Grade, Event: r.Event,
		Channel: r.Channel, Country: r.Country, Campaign: r.Campaign, Device: r.Device,
		Browser: r.Browser, OS: r.OS, Page: r.Page, Properties: step.Said(r.Properties),
		Session: int(r.Session), SessionStart: r.SessionStart,
		SessionChannel: r.SessionChannel, SessionCampaign: r.SessionCampaign, SessionCountry: r.SessionCountry,
		SessionPages: r.SessionPages, SessionSeconds: r.SessionSeconds, LandingPage: r.LandingPage,
		Referrer:    channel.Outside{Host: r.ReferrerHost, Source: r.ReferrerSource, Medium: r.ReferrerMedium, Term: r.SearchTerm},
		StageBefore: r.StageBefore, Stage: r.Stage,
		FirstEver: r.FirstEver, Visitor: r.Visitor,
		FirstChannel: r.FirstChannel, FirstMonth: r.FirstMonth, OrderMonth: r.OrderMonth,
	}
	if r.Type == typeTime || r.Type == typeSent {
		out.Type = ""
	}
	if r.OrderID != nil {
		out.Order = &step.Order{
			ID: *r.OrderID, Kind: event.OrderKindOf(*r.OrderEvent),
			Amount: money.Micros(*r.Amount), Currency: *r.Currency, Number: int(*r.OrderNumber),
			Origin: step.Origin{
				Channel: textAt(r.OrderChannel), Campaign: textAt(r.OrderCampaign), Source: textAt(r.OrderSource), Country: textAt(r.OrderCountry),
				Device: textAt(r.OrderDevice), Stage: textAt(r.OrderStage), Visitor: textAt(r.OrderVisitor),
				LandingPage: textAt(r.OrderLandingPage), ReferrerHost: textAt(r.OrderReferrerHost),
				Browser: textAt(r.OrderBrowser), OS: textAt(r.OrderOS), Grade: textAt(r.OrderGrade),
			},
		}
	}
}

// textAt is a text of an order that nobody asked for, or that objects of earlier releases do not have.
func textAt(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// hasWholeOrder says whether the columns of the order are all there or none is, as far as they are read. Those that came later may be missing.
func (r *record) hasWholeOrder(columns step.Columns) bool {
	is := r.OrderID != nil
	if (r.OrderEvent != nil) != is || (r.Currency != nil) != is || (r.Amount != nil) != is || (r.OrderNumber != nil) != is {
		return false
	}
	if !columns.Has(step.OrderOrigin) {
		return true
	}
	for _, text := range [...]*string{r.OrderChannel, r.OrderCampaign, r.OrderSource, r.OrderCountry, r.OrderDevice, r.OrderStage, r.OrderVisitor} {
		if (text != nil) != is {
			return false
		}
	}
	return true
}

// isAsked says whether a column of the table is read by whoever asks for some columns of a step. Whatever an order says needs the order.
func isAsked(columns step.Columns, name string) bool {
	switch name {
	case "person", "run", "position", "time", "type":
		return true
	case "order_id", "order_event", "amount", "currency", "order_number":
		return columns.Has(step.OrderMoney) || columns.Has(step.OrderOrigin)
	}
	if c, found := step.FindColumn(name); found {
		return columns.Has(c)
	}
	return columns.Has(step.OrderOrigin)
}

// hashOf is the first 8 bytes of the SHA-256 of a person.
func hashOf(person string) uint64 {
	sum := sha256.Sum256([]byte(person))
	return binary.BigEndian.Uint64(sum[:8])
}

func comparePersons(hashA uint64, a string, hashB uint64, b string) int {
	return cmp.Or(cmp.Compare(hashA, hashB), strings.Compare(a, b))
}
