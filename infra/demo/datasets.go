package demo

import (
	"embed"

	"waymark/infra/importer"
)

//go:embed data
var data embed.FS

// dataset is one real file with its workspace and the numbers that must come out of it.
type dataset struct {
	name      string
	title     string
	workspace string
	zone      string
	currency  string
	model     string
	file      string
	rules     string                 // the mapping
	from, to  string                 // local dates; to is the first day after
	settled   map[string]string      // files of what the workspace settles, by kind of definition
	build     func() ([]byte, error) // makes the rows, where no file has them
	expected  func(rows []byte) ([]line, error)
}

// datasets are imported in this order. Their zones are those in which the files' times were written, so no order changes its day.
var datasets = []dataset{
	{
		name: "CDNOW", title: "CDNOW sample, purchases 1997-01 to 1998-06 (America/New_York, USD)",
		workspace: "demo-cdnow", zone: "America/New_York", currency: "USD", model: "default",
		file: "data/cdnow_sample/cdnow_sample.csv", rules: "data/cdnow.yaml",
		from: "1997-01-01", to: "1998-07-01", expected: expectCDNOW,
	},
	{
		name: "Online Retail", title: "Online Retail, invoices 2010-12 to 2011-03 (Europe/London, GBP)",
		workspace: "demo-retail", zone: "Europe/London", currency: "GBP", model: "default",
		file: "data/online_retail/online_retail_2010-12_2011-03.csv.gz", rules: "data/retail.yaml",
		from: "2010-12-01", to: "2011-04-01", settled: map[string]string{"objectives": "data/objectives.json"}, expected: expectRetail,
	},
	{
		name: "web log", title: "Apache log of semicomplete.com, 17 and 18 May 2015 (UTC)",
		workspace: "demo-weblog", zone: "UTC", currency: "USD", model: "default",
		file: "data/web_log/apache_combined_first_4000.log.gz", rules: "data/weblog.yaml",
		from: "2015-05-17", to: "2015-05-19", expected: expectWebLog,
	},
	{
		name: "online shoppers", title: "Online shoppers, sessions of a year, dated 2025 (UTC)",
		workspace: "demo-shoppers", zone: "UTC", currency: "USD", model: "default",
		file: shoppersFile, build: makeShoppers, rules: "data/shoppers.yaml",
		from: "2025-01-01", to: "2026-01-01", expected: expectShoppers,
	},
	{
		name: "telco churn", title: "Telco customers, dated March 2025 (UTC)",
		workspace: "demo-telco", zone: "UTC", currency: "USD", model: "default",
		file: telcoFile, build: makeTelco, rules: "data/telco.yaml",
		from: "2025-03-01", to: "2025-04-01", settled: map[string]string{"metrics": "data/metrics.json"}, expected: expectTelco,
	},
	{
		name: "examples", title: "Small cases with published answers, dated 2026 (UTC)",
		workspace: "demo-examples", zone: "UTC", currency: "EUR", model: "default",
		file: "published examples", build: makeExamples, rules: "data/examples.yaml",
		from: "2026-01-01", to: "2026-09-01", settled: map[string]string{"experiments": "data/experiments.json"}, expected: expectExamples,
	},
}

// rows are what is imported.
func (d dataset) rows() ([]byte, error) {
	if d.build != nil {
		return d.build()
	}
	return data.ReadFile(d.file)
}

func (d dataset) mapping() (*importer.Mapping, error) {
	text, err := data.ReadFile(d.rules)
	if err != nil {
		return nil, err
	}
	return importer.ParseMapping(d.rules, text)
}
