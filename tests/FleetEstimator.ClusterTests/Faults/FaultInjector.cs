using FleetEstimator.Grains;

namespace FleetEstimator.ClusterTests.Faults;

/// <summary>Disturbs calls between our grains, and between them and whoever calls them from outside, as the schedule of the moment says.</summary>
internal sealed class FaultInjector : IOutgoingGrainCallFilter, IIncomingGrainCallFilter
{
    private volatile FaultSchedule _schedule = FaultSchedule.Calm;

    /// <summary>What goes wrong from now on.</summary>
    public FaultSchedule Schedule
    {
        get => _schedule;
        set => _schedule = value;
    }

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var schedule = _schedule;
        if (!IsOurs(context))
        {
            await context.Invoke();
            return;
        }

        if (schedule.Happens(Fault.RequestLost))
            throw new TimeoutException("Injected: the request was lost.");
        if (schedule.Happens(Fault.RequestDelayed))
            await Task.Delay(schedule.Delay());
        if (schedule.Happens(Fault.RequestDoubled))
            await context.Invoke();
        await context.Invoke();
        if (schedule.Happens(Fault.AnswerDelayed))
            await Task.Delay(schedule.Delay());
        if (schedule.Happens(Fault.AnswerLost))
            throw new TimeoutException("Injected: the answer was lost.");
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (IsOurs(context) && _schedule.Happens(Fault.GrainDies))
            context.TargetContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "Injected: the grain dies."), CancellationToken.None);
    }

    private static bool IsOurs(IGrainCallContext context) => context.InterfaceMethod?.DeclaringType?.Assembly == typeof(IStudyGrain).Assembly;
}
