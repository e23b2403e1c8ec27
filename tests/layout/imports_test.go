package layout_test

import (
	"testing"

	"waymark/tests/layout"
)

func TestDomainImports(t *testing.T) {
	t.Parallel()
	runRule(t, layout.Imports, []ruleCase{
		{
			name: "domain takes lower rungs and the standard library",
			files: tree{"shared/domain/stage/a.go": `package stage
import ("strings"; "net/url"; _ "time/tzdata"; "waymark/shared/domain/profile"; "waymark/shared/domain/fault")`},
		},
		{
			name:  "domain never goes up, sideways, or out",
			files: tree{"shared/domain/identity/a.go": "package identity\nimport \"waymark/shared/domain/stage\"\nimport \"waymark/shared/domain/channel\"\nimport \"waymark/shared/adapter/dynamo\"\nimport \"github.com/aws/aws-sdk-go-v2/aws\""},
			want: []string{
				`shared/domain/identity/a.go:2: shared/domain/identity may not import "waymark/shared/domain/stage" (imports)`,
				`shared/domain/identity/a.go:3: shared/domain/identity may not import "waymark/shared/domain/channel" (imports)`,
				`shared/domain/identity/a.go:4: shared/domain/identity may not import "waymark/shared/adapter/dynamo" (imports)`,
				`shared/domain/identity/a.go:5: shared/domain/identity may not import "github.com/aws/aws-sdk-go-v2/aws" (imports)`,
			},
		},
		{
			name:  "domain does no I/O",
			files: tree{"shared/domain/kpi/a.go": "package kpi\nimport \"os\"\nimport \"net/http\"\nimport \"log/slog\"\nimport \"crypto/rand\""},
			want: []string{
				`shared/domain/kpi/a.go:2: shared/domain/kpi may not import "os" (imports)`,
				`shared/domain/kpi/a.go:3: shared/domain/kpi may not import "net/http" (imports)`,
				`shared/domain/kpi/a.go:4: shared/domain/kpi may not import "log/slog" (imports)`,
				`shared/domain/kpi/a.go:5: shared/domain/kpi may not import "crypto/rand" (imports)`,
			},
		},
		{
			name: "domain tests may read files, the presets and higher rungs",
			files: tree{"shared/domain/event/a_test.go": `package event_test
import ("os"; "testing"; "waymark/shared/domain/event"; "waymark/shared/domain/stage"; "waymark/shared/model")`},
		},
		{
			name:  "a domain package without a rung",
			files: tree{"shared/domain/sundry/a.go": "package sundry"},
			want:  []string{"shared/domain/sundry:1: this domain package has no rung: give it one in tests/layout/imports.go (imports)"},
		},
	})
}

func TestImports(t *testing.T) {
	t.Parallel()
	runRule(t, layout.Imports, []ruleCase{
		{
			name:  "adapters know the domain and their technology, not each other",
			files: tree{"shared/adapter/queue/a.go": "package queue\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs\"\nimport \"waymark/shared/domain/event\"\nimport \"waymark/shared/adapter/dynamo\"\nimport \"waymark/functions/collect\"\nimport \"waymark/shared/model\""},
			want: []string{
				`shared/adapter/queue/a.go:4: shared/adapter/queue may not import "waymark/shared/adapter/dynamo" (imports)`,
				`shared/adapter/queue/a.go:5: shared/adapter/queue may not import "waymark/functions/collect" (imports)`,
				`shared/adapter/queue/a.go:6: shared/adapter/queue may not import "waymark/shared/model" (imports)`,
			},
		},
		{
			name: "adapter tests share one suite",
			files: tree{
				"shared/adapter/queue/a_test.go": "package queue_test\nimport \"waymark/shared/adapter/adaptertest\"\nimport \"waymark/shared/adapter/queue\"",
				"shared/adapter/queue/a.go":      "package queue\nimport \"waymark/shared/adapter/adaptertest\"",
			},
			want: []string{`shared/adapter/queue/a.go:2: shared/adapter/queue may not import "waymark/shared/adapter/adaptertest" (imports)`},
		},
		{
			name:  "functions use adapters, never each other, the SDK or infra",
			files: tree{"functions/collect/handler.go": "package main\nimport \"waymark/shared/adapter/queue\"\nimport \"github.com/aws/aws-lambda-go/lambda\"\nimport \"waymark/functions/query\"\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs\"\nimport \"waymark/infra/local\""},
			want: []string{
				`functions/collect/handler.go:4: functions/collect may not import "waymark/functions/query" (imports)`,
				`functions/collect/handler.go:5: functions/collect may not import "github.com/aws/aws-sdk-go-v2/service/sqs" (imports)`,
				`functions/collect/handler.go:6: functions/collect may not import "waymark/infra/local" (imports)`,
			},
		},
		{
			name: "what is for tests is for tests",
			files: tree{
				"functions/collect/handler.go":    "package collect\nimport \"waymark/shared/testing/system\"",
				"functions/collect/world_test.go": "package collect_test\nimport \"waymark/shared/testing/system\"",
				"shared/domain/event/a_test.go":   "package event_test\nimport \"waymark/shared/testing/seed\"",
				"shared/testing/system/a.go":      "package system\nimport (\"waymark/functions/collect\"; \"waymark/shared/testing/seed\")",
			},
			want: []string{`functions/collect/handler.go:2: functions/collect may not import "waymark/shared/testing/system" (imports)`},
		},
		{
			name:  "settling knows how whole persons are loaded, and no function",
			files: tree{"shared/settle/a.go": "package settle\nimport \"waymark/shared/domain/ledger\"\nimport \"waymark/shared/life\"\nimport \"waymark/functions/rollup\""},
			want:  []string{`shared/settle/a.go:4: shared/settle may not import "waymark/functions/rollup" (imports)`},
		},
		{
			name:  "the laptop cloud does not know what it runs",
			files: tree{"infra/local/run.go": "package local\nimport \"github.com/aws/aws-lambda-go/events\"\nimport \"waymark/infra/local/template\"\nimport \"waymark/shared/domain/event\"\nimport \"github.com/aws/aws-lambda-go/lambda\""},
			want: []string{
				`infra/local/run.go:4: infra/local may not import "waymark/shared/domain/event" (imports)`,
				`infra/local/run.go:5: infra/local may not import "github.com/aws/aws-lambda-go/lambda" (imports)`,
			},
		},
		{
			name:  "the command line knows everything but functions",
			files: tree{"infra/waymark/main.go": "package main\nimport \"waymark/infra/local\"\nimport \"waymark/shared/adapter/dynamo\"\nimport \"waymark/functions/query\""},
			want:  []string{`infra/waymark/main.go:4: infra/waymark may not import "waymark/functions/query" (imports)`},
		},
	})
}

func TestPurity(t *testing.T) {
	t.Parallel()
	runRule(t, layout.Purity, []ruleCase{
		{
			name: "values, seeded sources and test files are fine",
			files: tree{
				"shared/domain/kpi/a.go":      "package kpi\nimport (\"math/rand/v2\"; \"time\")\nvar a = time.Unix(0, 0)\nvar b = rand.New(rand.NewPCG(1, 2))\nfunc c(r *rand.Rand) int { return r.IntN(3) }",
				"shared/domain/kpi/a_test.go": "package kpi_test\nimport \"time\"\nvar a = time.Now()",
				"functions/collect/main.go":   "package main\nimport \"time\"\nvar now = time.Now",
			},
		},
		{
			name:  "the clock",
			files: tree{"shared/domain/kpi/a.go": "package kpi\nimport clock \"time\"\nvar a = clock.Now\nvar b = clock.Since(clock.Time{})"},
			want: []string{
				"shared/domain/kpi/a.go:3: clock.Now: time and chance come in as values (purity)",
				"shared/domain/kpi/a.go:4: clock.Since: time and chance come in as values (purity)",
			},
		},
		{
			name:  "chance",
			files: tree{"shared/domain/stats/a.go": "package stats\nimport \"math/rand/v2\"\nfunc a() int {\n\treturn rand.IntN(3)\n}"},
			want:  []string{"shared/domain/stats/a.go:4: rand.IntN: time and chance come in as values (purity)"},
		},
		{
			name:  "a handler asks for the time",
			files: tree{"functions/collect/handler.go": "package main\nimport \"time\"\nfunc a() time.Time { return time.Now() }"},
			want:  []string{"functions/collect/handler.go:3: time.Now: time and chance come in as values (purity)"},
		},
		{
			name:  "a local variable called time is not the package",
			files: tree{"shared/domain/kpi/a.go": "package kpi\nimport \"time\"\nvar zero time.Time\ntype clock struct{ Now int }\nfunc a() int {\n\ttime := clock{}\n\treturn time.Now\n}"},
		},
		{
			name:  "a dot import hides it",
			files: tree{"shared/domain/kpi/a.go": "package kpi\nimport . \"time\"\nvar a = Now()"},
			want:  []string{`shared/domain/kpi/a.go:2: dot import of "time" (purity)`},
		},
	})
}

func TestModules(t *testing.T) {
	t.Parallel()
	runRule(t, layout.Modules, []ruleCase{
		{
			name: "a module that stands in the list",
			files: tree{
				"docs/adr/0001-modules.md": "| `example.org/a` | because |",
				"tests/x/a.go":             "package x\nimport \"example.org/a/sub\"",
			},
		},
		{
			name: "a module that does not",
			files: tree{
				"docs/adr/0001-modules.md": "| `example.org/a` | because |",
				"tests/x/a.go":             "package x\nimport \"example.org/b/sub\"",
			},
			want: []string{`tests/x/a.go:2: "example.org/b/sub" is not in docs/adr/0001-modules.md (modules)`},
		},
		{
			name: "an adapter with two technologies",
			files: tree{
				"docs/adr/0001-modules.md":  "`github.com/aws/aws-sdk-go-v2`",
				"shared/adapter/queue/a.go": "package queue\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs/types\"\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs\"\nimport \"github.com/aws/aws-sdk-go-v2/service/s3\"",
			},
			want: []string{"shared/adapter/queue/a.go:4: one adapter, one technology: sqs and s3 (modules)"},
		},
	})
}
