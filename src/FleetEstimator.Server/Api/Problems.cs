using System.Data.Common;
using System.Net.Sockets;
using FleetEstimator.Estimation;
using FleetEstimator.Grains;
using FleetEstimator.Traces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;

namespace FleetEstimator.Server.Api;

/// <summary>Turns what goes wrong in a request into an <see cref="ApiProblem"/>.</summary>
internal static partial class Problems
{
    private const string RetrySeconds = "1";

    /// <summary>Answers with the problem whatever a later step throws.</summary>
    public static void UseProblems(this IApplicationBuilder app)
    {
        var (store, lifetime) = (app.ApplicationServices.GetRequiredService<SubmittedFiles>().Store, app.ApplicationServices.GetRequiredService<IHostApplicationLifetime>());
        var log = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Problems).FullName!);
        app.Use(async (context, next) =>
        {
            // A silo that stops has its own work to hand over: no request keeps it waiting.
            var client = context.RequestAborted;
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(client, lifetime.ApplicationStopping);
            context.RequestAborted = ending.Token;
            try
            {
                await next(context);
            }
#pragma warning disable CA1031 // Whatever happened is told to whoever asked.
            catch (Exception exception) when (!context.Response.HasStarted)
#pragma warning restore CA1031
            {
                context.RequestAborted = client;
                if (client.IsCancellationRequested)
                    return;
                var problem = Of(exception, store, lifetime.ApplicationStopping.IsCancellationRequested);
                if (problem.Status >= StatusCodes.Status500InternalServerError)
                    LogFailed(log, context.Request.Method, context.Request.Path, exception.GetType().Name, exception.Message, problem.Kind == ProblemKind.Failed ? exception : null);
                await Answer(problem).ExecuteAsync(context);
            }
        });
    }

    /// <summary>The answer that tells a problem.</summary>
    public static IResult Answer(ApiProblem problem) => new ProblemResult(problem);

    /// <summary>The answer that tells a problem.</summary>
    public static IResult Answer(int status, ProblemKind kind, string detail, IReadOnlyList<SubmittedFile>? files = null) => Answer(New(status, kind, detail, files));

    private static ApiProblem Of(Exception exception, TraceStore store, bool isStopping) => exception switch
    {
        BadHttpRequestException bad => New(bad.StatusCode, ProblemKind.Study, bad.Message),
        StudyException => New(StatusCodes.Status400BadRequest, ProblemKind.Study, exception.Message),

        // What is wrong with the store itself is not the user's mistake, and may pass.
        TraceException trace when trace.FilePath == store.Name => New(StatusCodes.Status503ServiceUnavailable, ProblemKind.Unavailable, exception.Message),
        TraceException => New(StatusCodes.Status400BadRequest, ProblemKind.Recording, exception.Message),
        StudyNotFoundException => New(StatusCodes.Status404NotFound, ProblemKind.NotFound, exception.Message),
        _ when isStopping => New(StatusCodes.Status503ServiceUnavailable, ProblemKind.Unavailable, "This silo is stopping. Ask another one, or again when it is back."),
        _ when MayPass(exception) => New(
            StatusCodes.Status503ServiceUnavailable, ProblemKind.Unavailable,
            $"The cluster cannot answer now; silos or the database may be coming and going ({exception.GetType().Name}: {FirstLine(exception)}). Ask again."),
        InvalidOperationException => New(StatusCodes.Status500InternalServerError, ProblemKind.Failed, exception.Message),
        _ => New(StatusCodes.Status500InternalServerError, ProblemKind.Failed, $"A mistake of the program, please report it: {exception.GetType().Name}: {FirstLine(exception)}"),
    };

    // An exception whose type cannot travel between silos arrives as the fallback: it is a storage provider's.
    private static bool MayPass(Exception exception) =>
        exception is OrleansException or DbException or IOException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException
            or UnavailableExceptionFallbackException;

    private static string FirstLine(Exception exception) => exception.Message.Split('\n')[0].TrimEnd('\r', '.');

    private static ApiProblem New(int status, ProblemKind kind, string detail, IReadOnlyList<SubmittedFile>? files = null) => new(status, kind, ReasonPhrases.GetReasonPhrase(status), detail, files);

    [LoggerMessage(1, LogLevel.Warning, "{Method} {Path} failed: {Type}: {Problem}")]
    private static partial void LogFailed(ILogger log, string method, string path, string type, string problem, Exception? exception);

    private sealed class ProblemResult(ApiProblem problem) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            if (problem.Kind == ProblemKind.Unavailable)
                httpContext.Response.Headers.RetryAfter = RetrySeconds;
            return Results.Json(problem, ApiJson.Plain.ApiProblem, "application/problem+json", problem.Status).ExecuteAsync(httpContext);
        }
    }
}
