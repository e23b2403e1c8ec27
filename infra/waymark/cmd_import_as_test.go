package main

import "testing"

const albLine = `h2 2026-03-05T10:00:00.186641Z app/shop/50dc 192.0.2.10:2817 10.0.0.66:9000 0.000 0.002 0.000 200 200 0 257 ` +
	`"GET https://shop.example:443/mugs HTTP/2.0" "Mozilla/5.0" ECDHE TLSv1.2 arn:aws:x "Root=1-58337327"`

// TestImportReady: mappings that come with the program, and settings. It sets variables of the environment, so it runs alone.
func TestImportReady(t *testing.T) {
	importFolder(t)
	for name, test := range map[string]importCase{
		"two mappings":           {args: "--as alb --mapping good.yaml good.csv", code: 2, err: "give --mapping or --as, not both"},
		"list of the ready":      {args: "--as list", out: "  access-log           Apache or nginx access log"},
		"the ready ones in help": {args: "-h", out: "ready mappings:\n  access-log"},
		"a ready one to copy":    {args: "--as nginx --show", out: "name: access-log\n"},
		"show what":              {args: "--show", code: 2, err: "name it with --as"},
		"ready by name":          {args: "--as alb alb.log", out: "1 accepted"},
		"ready by guess":         {args: "--as auto alb.log", out: "1 accepted", err: "alb.log: --as alb, for its lines have the form"},
		"guess from a stream":    {args: "--as auto --dry-run -", stdin: albLine + "\n" + albLine + "\n", out: "2 rows read, 2 used", err: "-: --as alb"},
		"nothing fits":           {args: "--as auto good.csv", code: 2, err: "no ready mapping fits the file"},
		"two fit":                {args: "--as auto both.json", code: 2, err: "more than one ready mapping fits the file; name one with --as\n  stripe-charges"},
		"no such ready one":      {args: "--as shopware x.csv", code: 2, err: "there is no ready mapping \"shopware\"; there are\n  access-log"},
		"a word of several":      {args: "--as stripe x.csv", code: 2, err: "\"stripe\" may be one of these; name one\n  stripe-charges"},
		"setting":                {args: "--dry-run --mapping open.yaml --set u=shop good.csv", out: `"userId":"shop-a"`},
		"setting is missing":     {args: "--dry-run --mapping open.yaml good.csv", code: 2, err: "line 3: the mapping needs a value for u: give --set u=…"},
		"no such setting":        {args: "--dry-run --mapping open.yaml --set u=1 --set v=1 good.csv", code: 2, err: `the mapping has no setting "v", did you mean "u"?; it has u`},
		"setting without value":  {args: "--mapping open.yaml --set zone good.csv", code: 2, err: "write it as NAME=VALUE"},
	} {
		t.Run(name, func(t *testing.T) { test.run(t) })
	}
}
