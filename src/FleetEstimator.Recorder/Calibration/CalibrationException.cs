namespace FleetEstimator.Recorder.Calibration;

/// <summary>This machine, or this user, cannot be measured. The message names what is missing and how to get it.</summary>
public sealed class CalibrationException(string message, Exception? cause = null) : Exception(message, cause);
