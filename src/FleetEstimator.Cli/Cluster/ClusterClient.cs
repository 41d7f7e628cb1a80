using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FleetEstimator.Grains.Submissions;
using FleetEstimator.Server.Api;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli.Cluster;

/// <summary>
/// Speaks with a cluster over HTTP. Every request may be made again when its outcome is not known, so whatever cannot be reached, is silent or says that it cannot answer now is
/// passed over for the next silo, and then around again.
/// </summary>
internal sealed class ClusterClient : IDisposable
{
    /// <summary>How long a request is tried before the cluster counts as unreachable.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(2);

    /// <summary>For what a silo answers from memory.</summary>
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(15);

    /// <summary>For what reads files or shards: an upload, a submission, a report.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(5);

    private const int BufferBytes = 1 << 17;

    private readonly IReadOnlyList<Uri> _silos;
    private readonly TimeSpan _patience;
    private readonly Action<string> _tell;
    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private int _current;

    /// <summary>A client of the cluster of some silos.</summary>
    /// <param name="silos">Their URLs, at least one; tried in turn.</param>
    /// <param name="tell">Hears that a cluster cannot be reached and is tried again.</param>
    /// <param name="patience">How long a request is tried; <see cref="DefaultPatience"/> if null.</param>
    public ClusterClient(IReadOnlyList<Uri> silos, Action<string> tell, TimeSpan? patience = null) =>
         (_silos, _tell, _patience) = (silos, tell, patience ?? DefaultPatience);

    public void Dispose() => _http.Dispose();

    /// <summary>Submits a study, after sending the files of it that the cluster lacks.</summary>
    /// <param name="submission">The study.</param>
    /// <param name="sending">Hears of each file before it is sent.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<StudyView> Submit(StudySubmission submission, Action<SubmittedFile> sending, CancellationToken cancellation)
    {
        using var json = new MemoryStream();
        await submission.Write(json, cancellation);
        var sent = new HashSet<(SubmittedKind, string)>();
        while (true)
        {
            try
            {
                return await Send(HttpMethod.Post, "api/studies", Long, ReadStudy, cancellation, () => new ByteArrayContent(json.ToArray()) { Headers = { ContentType = new("application/json") } });
            }
            catch (ClusterException exception) when (exception.Problem is { Kind: ProblemKind.MissingFiles, Files: { Count: > 0 } missing })
            {
                foreach (var file in missing)
                {
                    if (!sent.Add((file.Kind, file.Digest)))
                        throw new ClusterException($"{file.Path} was sent and is missing again: silos of one cluster need one trace store; start them with the same --traces.");
                    sending(file);
                    await Upload(file, cancellation);
                }
            }
        }
    }

    /// <summary>All studies, in the order in which they were submitted.</summary>
    public Task<IReadOnlyList<StudyView>> List(CancellationToken cancellation) => Send(
        HttpMethod.Get, "api/studies", Brief, (response, token) => Read(response, ApiJson.Default.IReadOnlyListStudyView, token), cancellation);

    /// <summary>How far a study is.</summary>
    public Task<StudyView> Status(string id, CancellationToken cancellation) => Send(HttpMethod.Get, $"api/studies/{id}", Brief, ReadStudy, cancellation);

    /// <summary>Cancels a study.</summary>
    public Task<StudyView> Cancel(string id, CancellationToken cancellation) => Send(HttpMethod.Post, $"api/studies/{id}/cancel", Brief, ReadStudy, cancellation);

    /// <summary>Goes on with a study.</summary>
    public Task<StudyView> Resume(string id, CancellationToken cancellation) => Send(HttpMethod.Post, $"api/studies/{id}/resume", Brief, ReadStudy, cancellation);

    /// <summary>Removes a study; it asks every shard there could be.</summary>
    public Task Remove(string id, CancellationToken cancellation) => Send(HttpMethod.Delete, $"api/studies/{id}", Long, (_, _) => Task.FromResult(true), cancellation);

    /// <summary>Writes a file of a study's result to a stream, from its beginning.</summary>
    public Task Download(string id, string name, Stream to, CancellationToken cancellation) => Send(
        HttpMethod.Get, $"api/studies/{id}/{name}", Long,
        async (response, token) =>
        {
            // What a silo sent before it died is overwritten.
            to.SetLength(0);
            await using var from = await response.ReadAsStreamAsync(token);
            var buffer = new byte[BufferBytes];
            for (int got; (got = await Receive(from, buffer, token)) > 0;)
                await to.WriteAsync(buffer.AsMemory(0, got), token);
            return true;
        },
        cancellation);

    // A disk that is full is told at once; only what happens to the connection is tried again.
    private static async Task<int> Receive(Stream from, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await from.ReadAsync(buffer, cancellation);
        }
        catch (IOException exception)
        {
            throw new HttpRequestException(exception.Message, exception);
        }
    }

    private async Task Upload(SubmittedFile file, CancellationToken cancellation)
    {
        var folder = file.Kind == SubmittedKind.Trace ? "traces" : "counters";
        await Send(
            HttpMethod.Put, $"api/files/{folder}/{file.Digest}?path={Uri.EscapeDataString(file.Path)}", Long, (_, _) => Task.FromResult(true), cancellation, () => new StreamContent(Open(file.Path)));
    }

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TraceException(path, null, null, $"it cannot be read: {exception.Message.TrimEnd('.')}", "Run the study again once it can", exception);
        }
    }

    private static Task<StudyView> ReadStudy(HttpContent response, CancellationToken cancellation) => Read(response, ApiJson.Default.StudyView, cancellation);

    private static async Task<T> Read<T>(HttpContent response, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        var json = await response.ReadAsByteArrayAsync(cancellation);
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new ClusterException($"The cluster's answer is not understood ({exception.Message.TrimEnd('.')}). Use the cluster's version of fleet-estimator.");
        }
    }

    /// <summary>Makes a request until a silo answers it.</summary>
    /// <exception cref="ClusterException">A silo refused it.</exception>
    /// <exception cref="ClusterUnreachableException">None answered for as long as the patience lasts.</exception>
    private async Task<T> Send<T>(
        HttpMethod method, string path, TimeSpan limit, Func<HttpContent, CancellationToken, Task<T>> read, CancellationToken cancellation, Func<HttpContent>? content = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        var pause = FirstPause;
        for (var tries = 1; ; tries++)
        {
            string problem;
            var silo = _silos[_current];
            using var request = new HttpRequestMessage(method, new Uri(silo, path)) { Content = content?.Invoke() };
            // A silo that refuses a body for its size or its name says so before it is sent.
            request.Headers.ExpectContinue = request.Content is not null;
            using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            expiry.CancelAfter(limit);
            try
            {
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, expiry.Token);
                if (response.IsSuccessStatusCode)
                    return await read(response.Content, expiry.Token);
                var refusal = await Refusal(silo, response, expiry.Token);
                if (response.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout))
                    throw refusal;
                problem = refusal.Message;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                problem = $"no answer within {limit.TotalSeconds:0} s";
            }
            catch (Exception exception) when (exception is HttpRequestException)
            {
                problem = exception.InnerException?.Message ?? exception.Message;
            }

            _current = (_current + 1) % _silos.Count;
            if (TimeProvider.System.GetElapsedTime(began) >= _patience)
                throw new ClusterUnreachableException($"The cluster did not answer for {_patience.TotalSeconds:0} s. {silo.GetLeftPart(UriPartial.Authority)}: {problem}");
            if (tries % _silos.Count != 0)
                continue;
            if (tries == _silos.Count)
                _tell($"{silo.GetLeftPart(UriPartial.Authority)}: {problem.TrimEnd('.')}; trying {(_silos.Count > 1 ? "all silos " : "")}again for up to {_patience.TotalSeconds:0} s");
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancellation);
            pause = pause * 2 < LastPause ? pause * 2 : LastPause;
        }
    }

    private static async Task<ClusterException> Refusal(Uri silo, HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
                return new ClusterException(await Read(response.Content, ApiJson.Default.ApiProblem, cancellation));
        }
        catch (ClusterException)
        {
            // A problem, but none of ours.
        }

        return new ClusterException($"{silo.GetLeftPart(UriPartial.Authority)} answered {(int)response.StatusCode} {response.ReasonPhrase}: is it a silo of this version?");
    }
}

/// <summary>A cluster refused a request.</summary>
internal sealed class ClusterException : Exception
{
    public ClusterException(ApiProblem problem)
        : base(problem.Detail) => Problem = problem;

    public ClusterException(string message)
        : base(message)
    {
    }

    /// <summary>What the cluster said; null if it was nothing of the API.</summary>
    public ApiProblem? Problem { get; }

    /// <summary>What it means for the command.</summary>
    public int ExitCode => Problem?.Kind switch
    {
        ProblemKind.Study or ProblemKind.NotFound => Cli.ExitCode.WrongUsage,
        ProblemKind.Recording => Cli.ExitCode.BadInput,
        _ => Cli.ExitCode.Failed,
    };
}

/// <summary>No silo of a cluster answered.</summary>
internal sealed class ClusterUnreachableException(string message) : Exception(message);
