// Package recount counts what persons did in another way than the system does: straight from whole lives, window by window, by the code that counted
// before there were steps and measures. Tests hold the system's numbers to it, in the dimensions that it knows.
package recount

// Name is the id of a metric in API, CSV and documentation.
type Name string

// The metrics.
const (
	Touchpoints        Name = "touchpoints"
	ActivePersons      Name = "active_persons"
	NewPersons         Name = "new_persons"
	Sessions           Name = "sessions"
	StageEntries       Name = "stage_entries"
	StagePersons       Name = "stage_persons"
	Orders             Name = "orders"
	Revenue            Name = "revenue"
	Refunds            Name = "refunds"
	Buyers             Name = "buyers"
	NewBuyers          Name = "new_buyers"
	AOV                Name = "aov"
	RevenuePerBuyer    Name = "revenue_per_buyer"
	ConversionRate     Name = "conversion_rate"
	RepeatPurchaseRate Name = "repeat_purchase_rate"
)

// Unit is what a value is counted in. Money has the currency's code in its rows.
type Unit string

// The units.
const (
	UnitCount    Unit = "count"
	UnitPersons  Unit = "persons"
	UnitCurrency Unit = "currency"
	UnitRatio    Unit = "ratio"
)

// Dimension is what rows may be broken down by; "" is the whole.
type Dimension string

// The dimensions.
const (
	Whole     Dimension = ""
	ByChannel Dimension = "channel"
	BySource  Dimension = "source"
	ByStage   Dimension = "stage"
	ByCountry Dimension = "country"
)

// Dimensions lists them in the order of rows.
var Dimensions = [...]Dimension{Whole, ByChannel, BySource, ByStage, ByCountry}

// Definitions is the version of this table. It changes whenever a metric's meaning does, and exports name it.
const Definitions = 1

// Metric is one line of the table of definitions.
type Metric struct {
	Name        Name
	Unit        Unit
	Counts      string // what is counted, for docs/recount.md
	Numerator   string // of ratios and means
	Denominator string
	Dimensions  []Dimension // that it can be broken down by
}

var everywhere = []Dimension{ByChannel, BySource, ByStage, ByCountry}

// Metrics is the table of definitions, in the order of rows.
var Metrics = [...]Metric{
	{Name: Touchpoints, Unit: UnitCount, Counts: "track, page and screen events in the window", Dimensions: everywhere},
	{Name: ActivePersons, Unit: UnitPersons, Counts: "persons with a touchpoint in the window", Dimensions: everywhere},
	{Name: NewPersons, Unit: UnitPersons, Counts: "persons whose first touchpoint ever is in the window", Dimensions: everywhere},
	{
		Name: Sessions, Unit: UnitCount, Dimensions: everywhere,
		Counts: "runs of one person's touchpoints, begun in the window; one that comes more than 30 minutes after the last begins a new run",
	},
	{Name: StageEntries, Unit: UnitCount, Counts: "changes into a stage in the window", Dimensions: everywhere},
	{Name: StagePersons, Unit: UnitPersons, Counts: "active persons by the stage they are in at the window's end", Dimensions: []Dimension{ByStage}},
	{Name: Orders, Unit: UnitCount, Counts: "order ids of Order Completed, each once, at its earliest copy", Dimensions: everywhere},
	{Name: Revenue, Unit: UnitCurrency, Counts: "amount of those orders", Dimensions: everywhere},
	{Name: Refunds, Unit: UnitCurrency, Counts: "amount of Order Refunded, each refund id once, at its earliest copy", Dimensions: everywhere},
	{Name: Buyers, Unit: UnitPersons, Counts: "persons with an order in the window", Dimensions: everywhere},
	{Name: NewBuyers, Unit: UnitPersons, Counts: "persons whose first order ever is in the window", Dimensions: everywhere},
	{
		Name: AOV, Unit: UnitCurrency, Counts: "average order value", Numerator: "revenue", Denominator: "orders",
		Dimensions: everywhere,
	},
	{
		Name: RevenuePerBuyer, Unit: UnitCurrency, Counts: "average revenue of a buyer", Numerator: "revenue", Denominator: "buyers",
		Dimensions: everywhere,
	},
	{
		Name: ConversionRate, Unit: UnitRatio, Counts: "share of active persons who bought", Numerator: "buyers", Denominator: "active persons",
		Dimensions: everywhere,
	},
	{
		Name: RepeatPurchaseRate, Unit: UnitRatio, Counts: "share of buyers who bought more than once", Dimensions: everywhere,
		Numerator: "persons with at least 2 orders in the window", Denominator: "buyers",
	},
}

// Find gives the definition of a metric.
func Find(name Name) (Metric, bool) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
