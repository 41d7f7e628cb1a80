using FleetEstimator.Grains;
using FleetEstimator.Grains.Submissions;
using FleetEstimator.Reports;
using FleetEstimator.Traces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FleetEstimator.Server.Api;

/// <summary>The HTTP API of a silo: submits, shows and rules studies, and makes their reports. The README has it as a table.</summary>
internal sealed class StudyApi(StudyClient studies, SubmittedFiles files, StudyReports reports, SiloState silo) : IDisposable
{
    /// <summary>Most bytes of a submission: the texts of a study, and 200 bytes or so for each of its recordings.</summary>
    private const long SubmissionBytesMax = 32 << 20;

    private readonly SemaphoreSlim _planning = new(1);

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var api = app.ServiceProvider.GetRequiredService<StudyApi>();
        app.MapPost("/api/studies", api.Submit);
        app.MapGet("/api/studies", api.List);
        app.MapGet("/api/studies/{id}", api.Status);
        app.MapPost("/api/studies/{id}/cancel", api.Cancel);
        app.MapPost("/api/studies/{id}/resume", api.Resume);
        app.MapDelete("/api/studies/{id}", api.Remove);
        app.MapGet("/api/studies/{id}/report.json", api.Json);
        app.MapGet("/api/studies/{id}/report.html", api.Html);
        app.MapGet("/api/studies/{id}/report.txt", api.Text);
        app.MapGet("/api/studies/{id}/nodes.parquet", api.Nodes);
        app.MapMethods("/api/files/{kind}/{digest}", [HttpMethods.Get, HttpMethods.Head], api.HasFile);
        app.MapPut("/api/files/{kind}/{digest}", api.AddFile);
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", api.Ready);
        app.MapFallback(() => NotFound("There is no such place; the API is under /api/studies and /api/files."));
    }

    public void Dispose() => _planning.Dispose();

    private async Task<IResult> Submit(HttpContext context, CancellationToken cancellation)
    {
        // A page in a browser can send other types than this to a silo on its user's machine without being asked.
        if (!context.Request.HasJsonContentType())
            return Problems.Answer(StatusCodes.Status415UnsupportedMediaType, ProblemKind.Study, "Send a submission as application/json; fleet-estimator run --cluster does.");
        Bound(context, SubmissionBytesMax);
        var submission = await StudySubmission.Read(context.Request.Body, cancellation);
        if (files.Missing(submission.Files) is { Count: > 0 } missing)
        {
            return Problems.Answer(
                StatusCodes.Status409Conflict, ProblemKind.MissingFiles,
                $"The cluster lacks {missing.Count} of the study's files. Send each with PUT /api/files/traces/DIGEST or /api/files/counters/DIGEST, then submit again.", missing);
        }

        var plan = await Plan(submission, cancellation);
        await studies.Submit(plan);
        return View(await studies.Status(plan.Id), StatusCodes.Status201Created);
    }

    /// <summary>Reads all recordings, so not on a thread of the pool, on which the silo answers the others; and one study at a time.</summary>
    private async Task<StudyPlan> Plan(StudySubmission submission, CancellationToken cancellation)
    {
        await _planning.WaitAsync(cancellation);
        var planning = Task.Factory.StartNew(() => submission.Plan(files), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _ = planning.ContinueWith(_ => _planning.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await planning.WaitAsync(cancellation);
    }

    private async Task<IResult> List() => Results.Json<IReadOnlyList<StudyView>>([.. (await studies.List()).Select(StudyView.Of)], ApiJson.Plain.IReadOnlyListStudyView);

    private async Task<IResult> Status(string id) => View(await studies.Status(Known(id)));

    private async Task<IResult> Cancel(string id)
    {
        await studies.Cancel(Known(id));
        return View(await studies.Status(id));
    }

    private async Task<IResult> Resume(string id)
    {
        await studies.Resume(Known(id));
        return View(await studies.Status(id));
    }

    private async Task<IResult> Remove(string id)
    {
        await studies.Remove(Known(id));
        return Results.NoContent();
    }

    private Task<IResult> Json(string id, CancellationToken cancellation) =>
        Report(id, "application/json", (report, stream) => ReportJson.Write(report.Result, stream), cancellation);

    private Task<IResult> Html(string id, CancellationToken cancellation) =>
        Report(id, "text/html; charset=utf-8", (report, stream) => ReportHtml.Write(report.Result, stream), cancellation);

    private Task<IResult> Text(string id, CancellationToken cancellation) => Report(
        id,
        "text/plain; charset=utf-8",
        (report, stream) =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            ReportText.Write(report.Result, writer);
        },
        cancellation);

    private async Task<IResult> Nodes(string id, CancellationToken cancellation)
    {
        if (await Ended(id) is not { } status)
            return NotEnded(id);
        var (plan, outcome, result) = await reports.Get(status, cancellation);
        var file = new FileStream(
            Path.Combine(Path.GetTempPath(), $"fleet-estimator-{Guid.NewGuid():N}.parquet"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16,
            FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            await NodesParquet.WriteAsync(plan.Study, result.Recordings, outcome.Nodes, file, cancellation);
            file.Position = 0;
            return Results.Stream(file, "application/vnd.apache.parquet");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private async Task<IResult> Report(string id, string contentType, Action<StudyReport, Stream> write, CancellationToken cancellation)
    {
        if (await Ended(id) is not { } status)
            return NotEnded(id);
        var report = await reports.Get(status, cancellation);
        var buffer = new MemoryStream();
        write(report, buffer);
        buffer.Position = 0;
        return Results.Stream(buffer, contentType);
    }

    private async Task<StudyStatus?> Ended(string id) => await studies.Status(Known(id)) is { Entry.Phase: StudyPhase.Ended } status ? status : null;

    private IResult HasFile(string kind, string digest) =>
        KindOf(kind) is { } known && files.Has(new(known, digest, digest)) ? Results.NoContent() : NotFound($"The cluster does not have {kind}/{digest}.");

    private async Task<IResult> AddFile(string kind, string digest, string? path, HttpContext context, CancellationToken cancellation)
    {
        if (KindOf(kind) is not { } known)
            return NotFound("Files are traces or counters.");
        // A byte more than is taken, so that the reader itself says that it is too long.
        Bound(context, (known == SubmittedKind.Trace ? TraceLimits.Default.FileBytesMax : CounterLimits.Default.FileBytesMax) + 1);
        await files.Add(new(known, path ?? digest, digest), context.Request.Body, cancellation);
        return Results.NoContent();
    }

    private IResult Ready() => silo.IsReady
        ? Results.Text("ready\n")
        : Problems.Answer(StatusCodes.Status503ServiceUnavailable, ProblemKind.Unavailable, "This silo is not active.");

    private static IResult View(StudyStatus status, int httpStatus = StatusCodes.Status200OK) => Results.Json(StudyView.Of(status), ApiJson.Plain.StudyView, statusCode: httpStatus);

    private static IResult NotFound(string detail) => Problems.Answer(StatusCodes.Status404NotFound, ProblemKind.NotFound, detail);

    private static IResult NotEnded(string id) => Problems.Answer(
        StatusCodes.Status409Conflict, ProblemKind.NotEnded, $"Study {id} has not ended, so there is no report yet; fleet-estimator studies watch shows how far it is.");

    // An id becomes the key of grains, for which shorter ones mean something else to the storage.
    private static string Known(string id) => TraceStore.IsDigest(id) ? id : throw new StudyNotFoundException(id);

    private static SubmittedKind? KindOf(string kind) => kind switch
    {
        "traces" => SubmittedKind.Trace,
        "counters" => SubmittedKind.Counters,
        _ => null,
    };

    private static void Bound(HttpContext context, long bytes) => context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = bytes;
}

/// <summary>Whether a silo takes part in its cluster.</summary>
internal sealed class SiloState(IClusterMembershipService membership, ILocalSiloDetails silo, IHostApplicationLifetime lifetime)
{
    /// <summary>It is active, and not about to stop.</summary>
    public bool IsReady => !lifetime.ApplicationStopping.IsCancellationRequested && membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) == SiloStatus.Active;
}
