using System.Text;
using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Grains.Submissions;
using FleetEstimator.Paging;
using FleetEstimator.Reports;
using FleetEstimator.Tests.Grains.Backtests;
using FleetEstimator.Tests.Traces;
using FleetEstimator.Traces;
using Xunit;

namespace FleetEstimator.Tests.Grains.Submissions;

/// <summary>A study that is sent to a cluster is there what it is on the machine of its user, and says so in the same bytes.</summary>
public sealed class StudySubmissionTests : IDisposable
{
    private const string Mechanisms = "mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin]\nwarm_up: 10%";

    private readonly TemporaryFolder _user = new();
    private readonly TemporaryFolder _silo = new();
    private readonly SubmittedFiles _submitted;

    public StudySubmissionTests() => _submitted = new SubmittedFiles(TraceStore.OpenOrCreate(_silo["store"]));

    public void Dispose()
    {
        _user.Dispose();
        _silo.Dispose();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReportHasTheSameBytes_WithCountersSampledRecordingsCostsWeightsAndASweep()
    {
        Backtested("traces/db.arrow", "db");
        Recorded("traces/web-1.arrow", "web-1", 1);
        Recorded("traces/web-2.arrow", "web-2", 2, samplingFraction: 0.25, blocks: 8);
        // Two files of one node that began at one time: their paths decide the order.
        Recorded("traces/late.arrow", "web-3", 3);
        Recorded("traces/early.arrow", "web-3", 4);
        await File.WriteAllTextAsync(_user["costs.yaml"], "fault: 400", Cancellation);
        await File.WriteAllTextAsync(_user["given.yaml"], "fault: {ns: 500, source: here}", Cancellation);
        var study = Study(
            """
            study: sent
            mechanisms: [linux-6.12, linux-6.12+zero-pfn-swapin]
            warm_up: 10%
            costs: costs.yaml
            classes:
              - {name: web, nodes: 6, memory: 256 MiB, instances: 1, recordings: [traces/web-*.arrow, {files: "traces/*a*.arrow", weight: 1}], zero_pages: [30%, 60%]}
              - {name: db, nodes: 2, memory: 32 MiB, recordings: [{files: traces/db.arrow, weight: 2.5}], limit: {of_peak: 60%}, swap: {device: zram, size: 64 MiB}}
            """);

        var report = (await AssertSame(StudyFile.Open(study, seed: null, costsPath: null))).Report;
        Assert.Matches("\"counters_digest\": ?\"", report);
        Assert.Matches("\"sampled_blocks\": ?[1-9]", report);
        Assert.Matches("\"sweep\": ?\\[\\s*\\{", report);
        Assert.NotEqual(report, (await AssertSame(StudyFile.Open(study, seed: 11, costsPath: _user["given.yaml"]))).Report);
    }

    [Fact]
    public async Task StoreOfTheUser_IsSentAsItsFiles_CountersIncluded()
    {
        Backtested("db.arrow", "db");
        TraceStore.OpenOrCreate(_user["mine"]);
        new TraceIngest(TraceStore.Open(_user["mine"]), TimeProvider.System).Add(_user["db.arrow"], new Dictionary<string, string>());

        var (submission, _) = await AssertSame(StudyFile.Open(Study(OneClass("{store: mine}")), null, null));

        Assert.Equal([SubmittedKind.Trace, SubmittedKind.Counters], submission.Files.Select(file => file.Kind));
        Assert.StartsWith(_user["mine"], submission.Files[0].Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreThatTheUserDoesNotHave_IsTheClusters()
    {
        Recorded("web-1.arrow", "web-1", 1);
        Recorded("web-2.arrow", "web-2", 2);
        new TraceIngest(_submitted.Store, TimeProvider.System).Add(_user["web-1.arrow"], new Dictionary<string, string> { ["class"] = "web" });
        new TraceIngest(_submitted.Store, TimeProvider.System).Add(_user["web-2.arrow"], new Dictionary<string, string> { ["class"] = "other" });

        var submission = await Sent(StudySubmission.Make(StudyFile.Open(Study(OneClass("{store: traces, class: web}")), null, null)));

        Assert.Empty(submission.Files);
        var plan = submission.Plan(_submitted);
        Assert.Equal(["web-1"], plan.Recordings.Select(recording => recording.Node));
        Assert.NotEmpty(await Report(plan, new StoredTraces(_submitted.Store)));
        submission = await Sent(StudySubmission.Make(StudyFile.Open(Study(OneClass("{store: traces, class: db}")), null, null)));
        Assert.Contains("no trace of the store is meant; it has 2", Assert.Throws<TraceException>(() => submission.Plan(_submitted)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FilesThatTheClusterHas_AreNotSentAgain_AndMissingOnesAreNamed()
    {
        Recorded("web-1.arrow", "web-1", 1);
        Recorded("web-2.arrow", "web-2", 2);
        var submission = StudySubmission.Make(StudyFile.Open(Study(OneClass("web-*.arrow")), null, null));
        await Send(submission.Files[0]);

        Assert.Equal([submission.Files[1]], _submitted.Missing(submission.Files));
        var exception = Assert.Throws<TraceException>(() => submission.Plan(_submitted));
        Assert.Equal(submission.Files[1].Path, exception.FilePath);
        Assert.Contains($"the cluster does not have this trace, of SHA-256 {submission.Files[1].Digest}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsWrong_IsToldOnTheMachineOfTheUser_AsRunTellsIt()
    {
        Recorded("web-1.arrow", "web-1", 1);
        AssertStudy("classes[0].swap.device", OneClass("web-1.arrow", "swap: {device: tape}"));
        AssertStudy("it was not sent with the study", OneClass("web-1.arrow"), file => file with { Text = file.Text + "\ncosts: other.yaml" });
        AssertStudy("the study sweeps over seed, and --seed gives one value", OneClass("web-1.arrow") + "\nseed: [1, 2]", file => file with { Seed = 3 });
        AssertStudy("warm-up takes 20 s, but nodes that replay web-1 are simulated for 16 s only", OneClass("web-1.arrow").Replace("warm_up: 10%", "warm_up: 20 s", StringComparison.Ordinal));
        Assert.Contains("no file matches", Assert.Throws<TraceException>(() => StudySubmission.Make(Opened(OneClass("none-*.arrow")))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<StudyException>(() => StudyFile.Open(_user["none.yaml"], null, null)).Message, StringComparison.Ordinal);
        Assert.Contains("the cost file 'gone.yaml' cannot be read", Assert.Throws<StudyException>(() => Opened(OneClass("web-1.arrow") + "\ncosts: gone.yaml")).Message, StringComparison.Ordinal);

        void AssertStudy(string problem, string text, Func<StudyFile, StudyFile>? change = null)
        {
            var file = new StudyFile { Path = Study(text), Text = text };
            Assert.Contains(problem, Assert.Throws<StudyException>(() => StudySubmission.Make(change?.Invoke(file) ?? file)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ClientsWord_IsNotTaken()
    {
        Recorded("web-1.arrow", "web-1", 1);
        Recorded("web-2.arrow", "web-2", 2);
        var honest = StudySubmission.Make(Opened(OneClass("web-1.arrow")));
        var trace = honest.Recordings["web-1.arrow"]![0];
        await Send(honest.Files[0]);

        // The study is checked again where it is simulated.
        Assert.Contains("device", Refused<StudyException>(honest with { Study = honest.Study with { Text = OneClass("web-1.arrow", "swap: {device: tape}") } }), StringComparison.Ordinal);
        Assert.Contains("warm-up takes", Refused<StudyException>(honest with { Study = honest.Study with { Text = honest.Study.Text.Replace("10%", "20 s", StringComparison.Ordinal) } }), StringComparison.Ordinal);

        // A pattern may match only what the submission says, of the files that are there under a digest.
        Assert.Contains("does not say which files web-1.arrow matches", Refused<StudyException>(With([])), StringComparison.Ordinal);
        Assert.Contains("does not say which files", Refused<StudyException>(With(null)), StringComparison.Ordinal);
        Assert.Contains("does not say which files", Refused<StudyException>(honest with { Recordings = new Dictionary<string, IReadOnlyList<SubmittedRecording>?>() }), StringComparison.Ordinal);
        foreach (var digest in (string[])["", "../../etc/passwd", "/etc/passwd", new string('0', 64)])
            Assert.Contains("the cluster does not have this trace", Refused<TraceException>(With([trace with { Digest = digest }])), StringComparison.Ordinal);
        Assert.Contains("the cluster does not have this counters file", Refused<TraceException>(With([trace with { CountersDigest = trace.Digest }])), StringComparison.Ordinal);
        var other = StudySubmission.Make(Opened(OneClass("web-2.arrow"))).Files[0];
        await Send(other);
        Assert.Contains("changed while the study was planned", Refused<TraceException>(With([trace, trace with { Digest = other.Digest }])), StringComparison.Ordinal);

        StudySubmission With(IReadOnlyList<SubmittedRecording>? recordings) => honest with { Recordings = new Dictionary<string, IReadOnlyList<SubmittedRecording>?> { ["web-1.arrow"] = recordings } };

        string Refused<T>(StudySubmission submission)
            where T : Exception => Assert.Throws<T>(() => submission.Plan(_submitted)).Message;
    }

    [Theory]
    [InlineData("", "submission:1:1")]
    [InlineData("null", "null stands where a value must")]
    [InlineData("{}", "study")]
    [InlineData("""{"study":{"path":"a","text":null},"recordings":{}}""", "text")]
    [InlineData("""{"study":{"path":"a","text":"b"},"recordings":{"*":[null]}}""", "null stands where a value must")]
    [InlineData("""{"study":{"path":"a","text":"b"},"recordings":{},"more":1}""", "more")]
    public async Task JsonThatIsNoSubmission_IsRefused(string json, string problem) =>
        Assert.Contains(
            problem,
            (await Assert.ThrowsAsync<StudyException>(() => StudySubmission.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), Cancellation))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void CountersBesideARecording_MakeAnotherStudy()
    {
        Backtested("db.arrow", "db");
        var with = Plan();
        File.AppendAllText(_user["db.counters.jsonl"], "\n");
        var changed = Plan();
        File.Delete(_user["db.counters.jsonl"]);

        Assert.Equal(3, new[] { with, changed, Plan() }.Distinct().Count());

        string Plan() => StudyPlan.Make(Opened(OneClass("db.arrow")).Read(), _user.Path).Id;
    }

    private static string OneClass(string recordings, string more = "instances: 1") =>
        $"study: one\n{Mechanisms}\nclasses:\n  - {{name: web, nodes: 2, memory: 256 MiB, recordings: [{recordings}], {more}}}";

    /// <summary>Runs a study where its user is, and where it was sent to; the user's files are gone by then.</summary>
    private async Task<(StudySubmission Submission, string Report)> AssertSame(StudyFile file)
    {
        var study = file.Read();
        var local = file.Plan(study, RecordingSet.Find(file.Folder, StudyPlan.PatternsOf(study)));
        var expected = await Report(local, LocalTraces.Instance);

        var submission = await Sent(StudySubmission.Make(file));
        foreach (var missing in _submitted.Missing(submission.Files))
            await Send(missing);
        Directory.Move(_user.Path, _user.Path + ".away");
        try
        {
            var sent = submission.Plan(_submitted);
            Assert.Equal(local.Id, sent.Id);
            Assert.Equal(local.Recordings.SelectMany(recording => recording.Files).Select(trace => (trace.Path, trace.Digest, trace.CountersPath)), sent.Recordings.SelectMany(recording => recording.Files).Select(trace => (trace.Path, trace.Digest, trace.CountersPath)));
            Assert.Equal(expected, await Report(sent, new StoredTraces(_submitted.Store)));
        }
        finally
        {
            Directory.Move(_user.Path + ".away", _user.Path);
        }

        return (submission, expected);
    }

    private static async Task<string> Report(StudyPlan plan, ITraceSource traces)
    {
        var workloads = new WorkloadCache(traces);
        var backtests = await StudyResults.Backtest(plan, traces, Cancellation);
        var outcome = await LocalStudy.Run(plan, workloads, new Silent(), Cancellation);
        Assert.All(outcome.Parts, part => Assert.Empty(part.Failed));
        using var report = new MemoryStream();
        ReportJson.Write(StudyResults.Make(plan, outcome, workloads, backtests), report);
        return Encoding.UTF8.GetString(report.ToArray());
    }

    /// <summary>What comes out at the other end.</summary>
    private static async Task<StudySubmission> Sent(StudySubmission submission)
    {
        using var json = new MemoryStream();
        await submission.Write(json, Cancellation);
        json.Position = 0;
        return await StudySubmission.Read(json, Cancellation);
    }

    private async Task Send(SubmittedFile file)
    {
        await using var content = File.OpenRead(file.Path);
        await _submitted.Add(file, content, Cancellation);
    }

    private StudyFile Opened(string text) => StudyFile.Open(Study(text), null, null);

    private string Study(string text)
    {
        File.WriteAllText(_user["study.yaml"], text);
        return _user["study.yaml"];
    }

    private void Backtested(string name, string node)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_user[name])!);
        new ModelledRecording(ModelledRecording.Zram).Write(_user[name], node: node);
    }

    private void Recorded(string name, string node, int seed, double samplingFraction = 1, int blocks = 1)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_user[name])!);
        var random = new Random(seed);
        using var writer = TraceWriter.Create(_user[name], TraceExamples.Header with { Node = node, SamplingFraction = samplingFraction });
        writer.Append(TraceExamples.Row(0, OperationKind.Map, 1, 0, (uint)blocks * 512));
        for (var row = 1; row <= 400; row++)
            writer.Append(TraceExamples.Row((ulong)row * 40_000, OperationKind.Write, 1, (ulong)random.Next(blocks * 512), 1, random.Next(3) == 0 ? PageContent.Zero : PageContent.Data));
        writer.Complete();
    }

    private sealed class Silent : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value)
        {
        }
    }
}
