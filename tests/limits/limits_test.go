// Package limits_test asks for the last thing that each limit of the product lets through, and for the first that it does not. A constant that is called
// a limit and that nobody asks so fails TestEveryLimitIsAsked.
package limits_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// limit is one limit of the product. within says whether n of what it bounds are let through whole.
type limit struct {
	constant string // folder.name
	n        int
	within   func(t *testing.T, n int) bool
}

// TestLimits asks each limit at n and at n + 1.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, l := range slices.Concat(collected(), events(), reads(), kept(), analyses()) {
		t.Run(l.constant, func(t *testing.T) {
			t.Parallel()
			if !l.within(t, l.n) {
				t.Errorf("%d are not let through, and the limit is %d", l.n, l.n)
			}
			if l.within(t, l.n+1) {
				t.Errorf("%d are let through, and the limit is %d", l.n+1, l.n)
			}
		})
	}
}

// elsewhere are limits that a test of their own package asks at n and n + 1.
var elsewhere = map[string]string{
	"shared/domain/workspace.MaxLifted":       "shared/domain/workspace/quarantine_test.go TestQuarantines",
	"shared/adapter/dynamo.maxActions":        "shared/adapter/dynamo/limits_test.go TestLimitsToTheUnit",
	"shared/adapter/dynamo.maxItemBytes":      "shared/adapter/dynamo/limits_test.go TestLimitsToTheUnit",
	"functions/collect.maxDots":               "functions/collect/dotted_test.go TestDotsToTheUnit",
	"functions/collect.maxFormName":           "functions/collect/form_test.go TestFormNameToTheUnit",
	"functions/collect.maxPersonBytes":        "functions/collect/experiments_test.go TestPersonToTheByte",
	"shared/domain/assignment.maxExperiments": "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxGuardrails":  "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxID":          "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxSegments":    "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxTuning":      "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxVariants":    "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxWeight":      "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"shared/domain/assignment.maxWindow":      "shared/domain/assignment/parse_test.go TestParseToTheUnit",
	"functions/query.longestWatch":            "functions/query/debug_test.go TestDebugToTheUnit",
	"functions/query.maxMarkBytes":            "functions/query/debug_test.go TestDebugToTheUnit",
	"shared/adapter/httpapi.maxAskedBytes":    "shared/adapter/httpapi/cors_test.go TestCORSToTheUnit",
	"shared/adapter/httpapi.maxOriginBytes":   "shared/adapter/httpapi/cors_test.go TestCORSToTheUnit",
	"shared/domain/fate.MaxEvents":            "shared/domain/fate/fate_test.go TestBounded",
	"shared/domain/fate.maxTextBytes":         "shared/domain/fate/fate_test.go TestTextToTheUnit",
	"shared/domain/protocol.maxAliasBytes":    "shared/domain/protocol/alias_test.go TestCheckAlias",
	"shared/domain/protocol.maxDepth":         "shared/domain/protocol/limits_test.go TestLimitsToTheUnit",
	"shared/domain/protocol.maxSeconds":       "shared/domain/protocol/limits_test.go TestLimitsToTheUnit",
	"shared/domain/workspace.maxAccept":       "shared/domain/workspace/policy_trust_test.go TestTrustSettings",
	"shared/domain/workspace.maxLatest":       "shared/domain/workspace/believed_test.go TestLatest",
	"shared/domain/workspace.maxLatestBytes":  "shared/domain/workspace/believed_test.go TestLatest",
	"shared/domain/workspace.maxLimit":        "shared/domain/workspace/policy_test.go TestSettings",
	"shared/domain/workspace.maxNames":        "shared/domain/workspace/policy_test.go TestNamesToTheUnit",
	"shared/adapter/memory.maxItemBytes":      "shared/adapter/memory/limits_test.go TestItemToTheUnit",
	"shared/domain/agent.MaxFamilyBytes":      "shared/domain/agent/agent_test.go TestOf",
	"shared/domain/channel.MaxTermBytes":      "shared/model/outside_test.go TestOutside",
	"shared/domain/event.MaxKept":             "shared/domain/event/keep_test.go TestKeepToTheUnit",
	"shared/domain/event.MaxWordsBytes":       "shared/domain/event/keep_test.go TestKeepWords",
	"shared/domain/event.MaxProducts":         "shared/domain/event/keep_test.go TestKeepProducts",
	"shared/domain/rates.MaxRates":            "shared/domain/rates/rates_test.go TestManyRates",
	"shared/domain/rates.maxAge":              "shared/domain/rates/rates_test.go TestConvert",
	"shared/analyse.MaxSteps":                 "shared/analyse/analyse_test.go TestBudget",
	"shared/domain/workspace.MaxDocument":     "functions/analyse/definitions_test.go TestDefinitionsToTheByte",
	"shared/domain/event.MaxKeptBytes":        "shared/domain/event/keep_test.go TestKeepToTheUnit",
	"shared/domain/event.MaxKeptNameBytes":    "shared/domain/event/keep_test.go TestKeepToTheUnit",
	"shared/domain/identity.MaxAliases":       "shared/domain/identity/bounds_test.go TestCutShortensAliases",
	"shared/domain/identity.MaxChildren":      "shared/domain/identity/bounds_test.go TestCapsToTheUnit",
	"shared/domain/identity.MaxMembers":       "shared/domain/identity/bounds_test.go TestCapsToTheUnit",
	"shared/domain/identity.MaxParents":       "shared/domain/identity/bounds_test.go TestCapsToTheUnit",
	"shared/domain/page.MaxBytes":             "shared/domain/page/page_test.go TestPath",
	"shared/domain/page.MaxSegmentBytes":      "shared/domain/page/page_test.go TestPath",
	"shared/domain/ledger.MaxDelay":           "shared/ingest/ingest_test.go TestSlowRecord",
	"shared/domain/plan.maxFieldBytes":        "shared/domain/plan/plan_test.go TestReasonToTheUnit",
	"shared/domain/plan.maxTold":              "shared/domain/plan/plan_test.go TestReasonToTheUnit",
	"shared/domain/plan.maxToldBytes":         "shared/domain/plan/plan_test.go TestReasonToTheUnit",
	"shared/domain/schema.MaxViolations":      "shared/domain/schema/schema_test.go TestSchemasToTheUnit",
	"shared/domain/schema.maxDepth":           "shared/domain/schema/schema_test.go TestSchemasToTheUnit",
	"shared/domain/schema.maxDigits":          "shared/domain/schema/schema_test.go TestSchemasToTheUnit",
	"shared/domain/workspace.MaxPlanBytes":    "shared/domain/workspace/policy_test.go TestSettings",
	"shared/domain/stage.MaxStages":           "shared/domain/stage/check_test.go TestTooManyStages",
	"shared/domain/stage.MaxStageNameBytes":   "shared/domain/stage/check_test.go TestTooManyStages",
	"shared/domain/stage.maxNumberBytes":      "shared/domain/stage/match_test.go TestWhen",
	"shared/domain/stage.maxExponentDigits":   "shared/domain/stage/match_test.go TestWhen",
	"shared/failed.MaxSight":                  "tests/failed/dead_test.go TestDeadLettersAreBounded",
}

// services are limits of AWS and DNS, which are not ours to let anything more through: the emulators refuse what is beyond, in the tests of adaptertest.
var services = []string{
	"shared/adapter/queue.maxBatchEntries", "shared/adapter/queue.maxBatchBytes",
	"shared/adapter/dynamo.maxBatchGet", "shared/adapter/dynamo.maxBatchWrite",
	"shared/adapter/dynamo.maxPKBytes", "shared/adapter/dynamo.maxSKBytes", "shared/domain/channel.maxLabelLetters", "shared/domain/channel.maxHostBytes", "shared/domain/event.maxPlaceBytes",
}

// inner bound no input and no answer: one more or less changes how long something takes, or which of two equal ways it takes.
var inner = map[string]string{
	"shared/domain/agent.MaxSeen":                "beyond it agents are read anew, with the same answer",
	"shared/domain/experiment.maxSegments":       "of more segments the rest is one row; TestSegmentsAreCorrected has such a row",
	"functions/collect.maxGuarded":               "addresses remembered; a forgotten one begins with a full bucket",
	"functions/query.maxChanges":                 "tries of a write",
	"functions/query.maxClaimants":               "of more contested orders their number is told",
	"functions/query.maxClaimed":                 "of more contested identifiers their number is told",
	"functions/query.maxPreviewDays":             "what a preview reads; TestOrders of tests/quarantine sees more refused",
	"functions/query.maxPreviewEvents":           "as maxPreviewDays",
	"functions/query.maxPreviewIDs":              "as maxPreviewDays",
	"shared/domain/burst.maxAlerts":              "older alerts are forgotten",
	"shared/domain/burst.maxHours":               "of a longer burst the newest hours are listed",
	"shared/domain/workspace.maxQuarantineBytes": "below what an item of the table holds",
	"shared/settle.maxWatched":                   "of more changed hours the newest are watched",
	"functions/query.maxFates":                   "batches that one look reads; TestDebugGoesOn reads on",
	"functions/collect.maxGrowth":                "beyond it an event travels as it was sent, and says the same",
	"functions/collect.maxGrowthBytes":           "as maxGrowth",
	"functions/export.maxTries":                  "an order that others overtake so often is answered 503",
	"functions/query.maxAgain":                   "decisions that are recorded again; recording changes nothing",
	"functions/query.maxDeadSeen":                "a sample; the answer says that it is one",
	"functions/query.maxQualityCopies":           "how much of the archive is read; TestQualityHasLimits sees an endless one refused",
	"functions/query.maxQualityFailed":           "as maxQualityCopies",
	"functions/query.maxQualityObjects":          "as maxQualityCopies",
	"functions/query.maxReads":                   "how often a period is read anew while its days are compacted",
	"shared/domain/attribution.maxLabels":        "of more values the least are added up in a row of their own",
	"shared/domain/funnel.MaxValues":             "as attribution.maxLabels",
	"shared/domain/retention.MaxValues":          "as attribution.maxLabels",
	"shared/domain/paths.maxValues":              "of an edge with more nodes no funnel is named, and the answer says why",
	"shared/analyse.maxReads":                    "how often a day is read anew while it is compacted",
	"functions/analyse.maxAnswer":                "of what Lambda may answer, with room for the rest",
	"functions/query.maxWaiting":                 "numbers of a queue are approximate beyond",
	"functions/rollup.maxObjects":                "when a day is compacted",
	"functions/rollup.maxWaiting":                "numbers of a queue are approximate beyond",
	"shared/adapter/bucket.maxAttempts":          "tries of a call",
	"shared/adapter/dynamo.longestPause":         "pause between tries",
	"shared/adapter/dynamo.maxAttempts":          "tries of a call",
	"shared/adapter/dynamo.maxConnections":       "connections kept open",
	"shared/adapter/dynamo.maxDecoded":           "a bound against damage, 600 times what an item can hold",
	"shared/adapter/dynamo.maxPageBytes":         "a longer page is two",
	"shared/adapter/dynamo.maxRounds":            "tries of what DynamoDB left undone",
	"shared/adapter/dynamo.maxSplitBytes":        "a longer value is several items",
	"shared/adapter/httpapi.maxRemembered":       "keys remembered; a forgotten one is read again",
	"shared/adapter/queue.maxAttempts":           "tries of a call",
	"shared/adapter/steps.maxAmount":             "of a Parquet decimal(18,6); a larger sum of one step cannot be: money.Max is below",
	"shared/domain/channel.maxPatternBytes":      "longer than any host of DNS",
	"shared/domain/ledger.MaxHistory":            "stays that a stored profile lists; a person's page folds all of them",
	"shared/domain/ledger.maxTail":               "settled records beyond the cursor; the others are settled again, which changes nothing",
	"shared/domain/money.maxExponent":            "far beyond money.Max, or 0",
	"shared/domain/plan.maxPlans":                "plans remembered; a forgotten one is read again",
	"shared/domain/schema.maxListed":             "of longer lists of values their number is told",
	"shared/domain/schema.maxSteps":              "a bound against schemas that double; TestSchemasThatDouble",
	"shared/failed.maxWholes":                    "whole messages of an operator's replay at a time; it goes on by itself",
	"shared/ingest.maxKnown":                     "links remembered; a forgotten one is read again",
	"shared/settle.maxTries":                     "tries of a write",
}

// TestEveryLimitIsAsked: a constant of the product that is called a limit is in one of the tables, and the tables name no other.
func TestEveryLimitIsAsked(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, l := range slices.Concat(collected(), events(), reads(), kept(), analyses()) {
		named[l.constant] = true
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(elsewhere)), services, slices.Collect(maps.Keys(inner))) {
		if named[name] {
			t.Errorf("%s is in two tables", name)
		}
		named[name] = true
	}
	found := constants(t)
	for _, name := range found {
		if !named[name] {
			t.Errorf("nobody asks %s at n and n + 1: add a row to tests/limits, or say in one of its tables why it needs none", name)
		}
	}
	for name := range named {
		if !slices.Contains(found, name) {
			t.Errorf("tests/limits names %s, which is no constant", name)
		}
	}
	for name, place := range elsewhere {
		file, test, _ := strings.Cut(place, " ")
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil || !strings.Contains(string(text), "func "+test+"(") {
			t.Errorf("%s is said to be asked by %s, which is not there", name, place)
		}
	}
}

var isLimit = regexp.MustCompile(`^(Max|max|Limit|limit|Longest|longest)([A-Z]\w*)?$`)

// constants lists what the programs call a limit, as folder.name. What only tests contain is left out.
func constants(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, root := range []string{"shared", "functions"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d os.DirEntry, err error) error {
			isTest := strings.HasSuffix(path, "_test.go") || strings.Contains(path, "adaptertest") || strings.Contains(path, "shared/testing")
			if err != nil || isTest || !strings.HasSuffix(path, ".go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			folder, err := filepath.Rel("../..", filepath.Dir(path))
			found = append(found, limitsOf(file, filepath.ToSlash(folder))...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func limitsOf(file *ast.File, folder string) []string {
	var found []string
	for _, d := range file.Decls {
		group, isGroup := d.(*ast.GenDecl)
		if !isGroup || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if isLimit.MatchString(name.Name) {
					found = append(found, folder+"."+name.Name)
				}
			}
		}
	}
	return found
}
