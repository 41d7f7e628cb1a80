using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FleetEstimator.Cli.Cluster;
using FleetEstimator.Grains;
using FleetEstimator.Grains.Submissions;
using FleetEstimator.Server.Api;
using Xunit;

namespace FleetEstimator.ClusterTests.Api;

/// <summary>The API as programs use it that are not ours.</summary>
public sealed class StudyApiTests(ApiSilo silo) : IClassFixture<ApiSilo>
{
    private const string NoId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StudyWhoseFilesTheClusterLacks_IsRefusedWithTheirDigests_AndTakenOnceTheyAreThere()
    {
        // Recordings that no other test of this silo sends, whichever comes first.
        using var fleet = new SmallFleet(rows: 150);
        var submission = StudySubmission.Make(StudyFile.Open(fleet.WriteStudy(nodes: 8, seed: 1), null, null));

        var refused = await Problem(HttpStatusCode.Conflict, await Submit(submission));
        Assert.Equal(ProblemKind.MissingFiles, refused.Kind);
        Assert.Equal(submission.Files.Select(file => file.Digest).Order(StringComparer.Ordinal), refused.Files!.Select(file => file.Digest).Order(StringComparer.Ordinal));
        foreach (var file in refused.Files!)
        {
            using var content = new StreamContent(File.OpenRead(file.Path));
            using var sent = await silo.Http.PutAsync($"api/files/traces/{file.Digest}?path=x.arrow", content, Cancellation);
            Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
            using var there = await silo.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"api/files/traces/{file.Digest}"), Cancellation);
            Assert.Equal(HttpStatusCode.NoContent, there.StatusCode);
        }

        using var taken = await Submit(submission);
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        var study = JsonSerializer.Deserialize(await taken.Content.ReadAsStringAsync(Cancellation), ApiJson.Default.StudyView)!;
        Assert.Equal("small-fleet", study.Name);
        using var client = silo.NewClient();
        Assert.Equal(8, (await StudyWatch.UntilEnded(client, study.Id, Silent.Progress, Cancellation)).Done);
        Assert.Contains("small-fleet", await silo.Http.GetStringAsync($"api/studies/{study.Id}/report.txt", Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FileThatIsNoTrace_IsRefusedWithTheReadersError_AndNotKept()
    {
        var bytes = "no trace"u8.ToArray();
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        using var content = new ByteArrayContent(bytes);

        var refused = await Problem(HttpStatusCode.BadRequest, await silo.Http.PutAsync($"api/files/traces/{digest}?path=bad.arrow", content, Cancellation));

        Assert.Equal(ProblemKind.Recording, refused.Kind);
        Assert.StartsWith("bad.arrow: this is not an Arrow file", refused.Detail, StringComparison.Ordinal);
        using var there = await silo.Http.GetAsync($"api/files/traces/{digest}", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, there.StatusCode);
    }

    [Fact]
    public async Task FileOfAnotherDigest_IsRefused()
    {
        using var content = new ByteArrayContent([1, 2, 3]);
        var refused = await Problem(HttpStatusCode.BadRequest, await silo.Http.PutAsync($"api/files/counters/{NoId}", content, Cancellation));
        Assert.Contains($"not {NoId} as announced", refused.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api/studies/" + NoId)]
    [InlineData("api/studies/" + NoId + "/report.json")]
    [InlineData("api/studies/7")]
    [InlineData("api/studies/..%2F..%2Fetc")]
    [InlineData("api/files/traces/" + NoId)]
    [InlineData("api/files/traces/..%2F..%2Ftrace-store.json")]
    [InlineData("api/files/secrets/" + NoId)]
    [InlineData("nothing-here")]
    public async Task WhatIsNotThere_IsA404_ThatSaysSo(string path) =>
        Assert.Equal(ProblemKind.NotFound, (await Problem(HttpStatusCode.NotFound, await silo.Http.GetAsync(path, Cancellation))).Kind);

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"study":{"path":"s.yaml","text":"study: x"},"recordings":{}}""", HttpStatusCode.BadRequest)]
    public async Task SubmissionThatIsNone_IsRefusedAsAWrongStudy(string json, HttpStatusCode status)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        Assert.Equal(ProblemKind.Study, (await Problem(status, await silo.Http.PostAsync("api/studies", content, Cancellation))).Kind);
    }

    // What a form on a page of a stranger can send to a silo on its reader's machine.
    [Fact]
    public async Task SubmissionAsPlainText_IsRefused()
    {
        using var content = new StringContent("{}", Encoding.UTF8, "text/plain");
        await Problem(HttpStatusCode.UnsupportedMediaType, await silo.Http.PostAsync("api/studies", content, Cancellation));
    }

    [Fact]
    public async Task SubmissionBeyondTheBound_IsRefused()
    {
        using var content = new ByteArrayContent(new byte[(32 << 20) + 1]) { Headers = { ContentType = new("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/studies") { Content = content, Headers = { ExpectContinue = true } };
        await Problem(HttpStatusCode.RequestEntityTooLarge, await silo.Http.SendAsync(request, Cancellation));
    }

    [Fact]
    public async Task StudyUnderWay_HasNoReportYet_IsCancelled_GoesOn_AndIsRemoved()
    {
        using var fleet = new SmallFleet();
        using var client = silo.NewClient();
        var study = await client.Submit(StudySubmission.Make(StudyFile.Open(fleet.WriteStudy(nodes: 50_000, seed: 2), null, null)), _ => { }, Cancellation);

        Assert.Equal(ProblemKind.NotEnded, (await Problem(HttpStatusCode.Conflict, await silo.Http.GetAsync($"api/studies/{study.Id}/report.json", Cancellation))).Kind);
        Assert.Equal(StudyPhase.Cancelled, (await Post(study.Id, "cancel")).Phase);
        Assert.Equal(StudyPhase.Cancelled, (await client.Status(study.Id, Cancellation)).Phase);
        Assert.Equal(StudyPhase.Running, (await Post(study.Id, "resume")).Phase);
        Assert.Contains(await client.List(Cancellation), listed => listed.Id == study.Id);
        using var removed = await silo.Http.DeleteAsync($"api/studies/{study.Id}", Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(ProblemKind.NotFound, (await Problem(HttpStatusCode.NotFound, await silo.Http.GetAsync($"api/studies/{study.Id}", Cancellation))).Kind);
    }

    [Fact]
    public async Task RemovedAndSubmittedAgain_IsReportedAnew()
    {
        using var fleet = new SmallFleet();
        using var client = silo.NewClient();
        var submission = StudySubmission.Make(StudyFile.Open(fleet.WriteStudy(nodes: 8, seed: 3), null, null));
        var reports = new List<byte[]>();
        for (var time = 0; time < 2; time++)
        {
            var study = await client.Submit(submission, _ => { }, Cancellation);
            await StudyWatch.UntilEnded(client, study.Id, Silent.Progress, Cancellation);
            reports.Add(await silo.Http.GetByteArrayAsync($"api/studies/{study.Id}/report.json", Cancellation));
            Assert.Equal(reports[0], await silo.Http.GetByteArrayAsync($"api/studies/{study.Id}/report.json", Cancellation));
            await client.Remove(study.Id, Cancellation);
        }

        Assert.Equal(reports[0], reports[1]);
    }

    [Fact]
    public async Task SiloThatRuns_IsAliveAndReady()
    {
        Assert.Equal("live\n", await silo.Http.GetStringAsync("health/live", Cancellation));
        Assert.Equal("ready\n", await silo.Http.GetStringAsync("health/ready", Cancellation));
    }

    private async Task<HttpResponseMessage> Submit(StudySubmission submission)
    {
        using var json = new MemoryStream();
        await submission.Write(json, Cancellation);
        using var content = new ByteArrayContent(json.ToArray()) { Headers = { ContentType = new("application/json") } };
        return await silo.Http.PostAsync("api/studies", content, Cancellation);
    }

    private async Task<StudyView> Post(string id, string verb)
    {
        using var response = await silo.Http.PostAsync($"api/studies/{id}/{verb}", null, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Cancellation), ApiJson.Default.StudyView)!;
    }

    private static async Task<ApiProblem> Problem(HttpStatusCode status, HttpResponseMessage response)
    {
        using (response)
        {
            Assert.Equal(status, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Cancellation), ApiJson.Default.ApiProblem)!;
        }
    }
}
